package blobgate;

import java.io.IOException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local files whose times have whole seconds, as Last-Modified has.
 *
 * <p>DistCp copies a file again whose source looks newer than its copy. Its tests take a local file
 * and a copy of it made right away: with milliseconds on one side only, what was written and copied
 * within one second would look newer than its copy.
 */
public final class WholeSecondsFileSystem extends LocalFileSystem {
  public WholeSecondsFileSystem() {
    super(new Raw());
  }

  private static final class Raw extends RawLocalFileSystem {
    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
      return new Status(super.getFileStatus(path));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
      FileStatus[] found = super.listStatus(path);
      for (int i = 0; i < found.length; i++) {
        found[i] = new Status(found[i]);
      }
      return found;
    }
  }

  private static final class Status extends FileStatus {
    private static final long serialVersionUID = 1;
    private final FileStatus exact;

    private Status(FileStatus exact) {
      super(exact.getLen(), exact.isDirectory(), exact.getReplication(), exact.getBlockSize(),
          exact.getModificationTime() / 1000 * 1000, exact.getPath());
      this.exact = exact;
    }

    @Override
    public FsPermission getPermission() {
      return exact.getPermission();
    }

    @Override
    public String getOwner() {
      return exact.getOwner();
    }

    @Override
    public String getGroup() {
      return exact.getGroup();
    }
  }
}
