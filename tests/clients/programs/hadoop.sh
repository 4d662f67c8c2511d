# `hadoop fs` is the class FsShell, and takes its settings from the current folder.
set -eu
hadoop() {
  shift
  java -Xmx512m -cp ".:$LIBRARIES" org.apache.hadoop.fs.FsShell "$@"
}
cat > log4j.properties <<LOG
log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.SimpleLayout
LOG
# user's lines
cat > core-site.xml <<CONF
<configuration>
  <property>
    <name>fs.azure.account.key.tree.dfs.core.windows.net</name>
    <value>$TREE_KEY</value>
  </property>
  <property><name>fs.azure.ssl.channel.mode</name><value>Default_JSSE</value></property>
</configuration>
CONF
export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
hadoop fs -put given abfss://hadoop@tree.dfs.core.windows.net/start
hadoop fs -ls -R abfss://hadoop@tree.dfs.core.windows.net/start
# end of the user's lines
home=abfss://hadoop@tree.dfs.core.windows.net
hadoop fs -mv $home/start $home/moved
hadoop fs -get $home/moved fetched
hadoop fs -appendToFile given/dir/plain.txt $home/log
hadoop fs -appendToFile given/dir/plain.txt $home/log
test "$(hadoop fs -cat $home/log | wc -c)" = 10000
hadoop fs -rm -r -skipTrash $home/log
if hadoop fs -test -e $home/log; then exit 1; fi
