# Puts a base backup (a tar archive on standard input) in the place of the data, and has the server
# recover at its start: to ALLOD_RESTORE_AT, or as far as the log goes.
cd "$1"
busybox rm -rf main.new
busybox mkdir -m 0700 main.new
busybox tar -x -f - -C main.new
busybox sed -i -e '/^recovery_target/d' -e '/^restore_command/d' main.new/postgresql.auto.conf
# The files of the log are put into pg_wal: there is nothing to fetch.
echo "restore_command = 'false'" >> main.new/postgresql.auto.conf
# An offset, as names of time zones are not known yet when the server reads it.
if [ -n "${ALLOD_RESTORE_AT:-}" ]; then
  echo "recovery_target_time = '${ALLOD_RESTORE_AT%Z}+00'" >> main.new/postgresql.auto.conf
  echo "recovery_target_action = 'promote'" >> main.new/postgresql.auto.conf
fi
: > main.new/recovery.signal
busybox rm -rf main
busybox mv main.new main
