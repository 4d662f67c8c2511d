package blobgate;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.azurebfs.AzureBlobFileSystem;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.Result;
import org.junit.runner.Runner;
import org.junit.runner.manipulation.Filter;
import org.junit.runner.manipulation.NoTestsRemainException;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * Runs the integration tests that hadoop-azure ships (its tests jar), as they are.
 *
 * <p>Arguments: a regular expression of class names (without the package org.apache.hadoop.fs.azurebfs)
 * and of what not to run, each {@code Class} or {@code Class#method}. A line for each test: PASS, FAIL,
 * UNSTABLE (it failed, then passed alone, twice: the driver's own threads race in some of them) or
 * SKIP (an assumption of the test's own does not hold), and a closing line with the counts.
 */
public final class AbfsSuite extends RunListener {
  private static final String PACKAGE = "org.apache.hadoop.fs.azurebfs.";

  private final PrintStream out;
  private final Map<Description, String> troubles = new HashMap<>();
  private final Map<Description, String> skipped = new HashMap<>();
  private final List<Description> toRepeat = new ArrayList<>();
  private int passed;
  private int failed;
  private int unstable;
  private int left;

  private AbfsSuite(PrintStream out) {
    this.out = out;
  }

  private static String name(Description description) {
    String type = String.valueOf(description.getClassName());
    String shown = type.startsWith(PACKAGE) ? type.substring(PACKAGE.length()) : type;
    String method = description.getMethodName();
    return method == null ? shown : shown + "#" + method;
  }

  private static String reason(Throwable thrown) {
    String text = String.valueOf(thrown).replaceAll("\\s+", " ");
    return text.length() > 600 ? text.substring(0, 600) : text;
  }

  @Override
  public void testFailure(Failure failure) {
    Description description = failure.getDescription();
    troubles.put(description, reason(failure.getException()));
    if (Boolean.getBoolean("blobgate.trace")) {
      out.println(failure.getTrace());
    }
    if (description.getMethodName() == null) { // of the class as a whole: no testFinished comes
      failed++;
      out.println("FAIL " + name(description) + ": " + troubles.get(description));
    }
  }

  @Override
  public void testAssumptionFailure(Failure failure) {
    Description description = failure.getDescription();
    skipped.put(description, reason(failure.getException()));
    if (description.getMethodName() == null) {
      left++;
      out.println("SKIP " + name(description) + ": " + skipped.get(description));
    }
  }

  @Override
  public void testIgnored(Description description) {
    left++;
    out.println("SKIP " + name(description) + ": ignored by its authors");
  }

  @Override
  public void testFinished(Description description) {
    if (troubles.containsKey(description)) {
      toRepeat.add(description);
    } else if (skipped.containsKey(description)) {
      left++;
      out.println("SKIP " + name(description) + ": " + skipped.get(description));
    } else {
      passed++;
      out.println("PASS " + name(description));
    }
    out.flush();
  }

  /** Runs what failed in this class again, each test alone. */
  private void repeat(Class<?> type) {
    for (Description description : toRepeat) {
      boolean passes = true;
      for (int attempt = 0; attempt < 2 && passes; attempt++) {
        Request alone = Request.aClass(type).filterWith(description);
        Result result = new JUnitCore().run(alone);
        passes = result.wasSuccessful() && result.getRunCount() == 1
            && result.getAssumptionFailureCount() == 0;
      }
      if (passes) {
        unstable++;
      } else {
        failed++;
      }
      out.println((passes ? "UNSTABLE " : "FAIL ") + name(description) + ": "
          + troubles.get(description));
    }
    out.flush();
    toRepeat.clear();
  }

  private static List<Class<?>> classes(Pattern wanted) throws IOException, ClassNotFoundException {
    String marker = PACKAGE.replace('.', '/') + "contract/AbfsFileSystemContract.class";
    URL url = AbfsSuite.class.getClassLoader().getResource(marker);
    String path = url.getPath();
    String jar = path.substring("file:".length(), path.indexOf('!'));
    List<Class<?>> found = new ArrayList<>();
    try (JarFile file = new JarFile(jar)) {
      for (var entry : (Iterable<java.util.jar.JarEntry>) file.stream().sorted(
          (a, b) -> a.getName().compareTo(b.getName()))::iterator) {
        String name = entry.getName();
        if (!name.endsWith(".class") || name.contains("$")) {
          continue;
        }
        name = name.substring(0, name.length() - ".class".length()).replace('/', '.');
        if (!name.startsWith(PACKAGE) || !name.contains(".ITest")
            || !wanted.matcher(name.substring(PACKAGE.length())).find()) {
          continue;
        }
        Class<?> type = Class.forName(name, false, AbfsSuite.class.getClassLoader());
        if (!Modifier.isAbstract(type.getModifiers())) {
          found.add(type);
        }
      }
    }
    return found;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // what the tests print
    Set<String> excluded = new HashSet<>(List.of(arguments).subList(1, arguments.length));
    AbfsSuite listener = new AbfsSuite(out);
    out.println("driver " + AzureBlobFileSystem.class.getPackage().getImplementationVersion()
        + " " + AzureBlobFileSystem.class.getProtectionDomain().getCodeSource().getLocation());
    JUnitCore core = new JUnitCore();
    core.addListener(listener);
    Set<String> met = new HashSet<>();
    for (Class<?> type : classes(Pattern.compile(arguments[0]))) {
      String shown = type.getName().substring(PACKAGE.length());
      if (excluded.contains(shown)) {
        met.add(shown);
        continue;
      }
      Filter filter = new Filter() {
        @Override
        public boolean shouldRun(Description description) {
          if (description.isTest()) {
            String name = name(description).replaceAll("\\[.*\\]$", "");
            if (excluded.contains(name)) {
              met.add(name);
              return false;
            }
          }
          return true;
        }

        @Override
        public String describe() {
          return "all but what is excluded";
        }
      };
      Runner runner = Request.aClass(type).getRunner();
      try {
        filter.apply(runner);
      } catch (NoTestsRemainException e) {
        continue;
      }
      core.run(runner);
      listener.repeat(type);
    }
    for (String name : excluded) {
      if (!met.contains(name) && Pattern.compile(arguments[0]).matcher(name).find()) {
        listener.failed++;
        out.println("FAIL " + name + ": excluded, but there is no such test");
      }
    }
    out.println(listener.passed + " passed, " + listener.failed + " failed, "
        + listener.unstable + " unstable, " + listener.left + " skipped");
    out.flush();
    System.exit(listener.failed == 0 && listener.passed > 0 ? 0 : 1);
  }
}
