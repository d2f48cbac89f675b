// What the C library asks of an operating system. printf and friends end up on Serial; there are no files, no
// processes and no signals.
#include <errno.h>
#include <sys/stat.h>

#include "Arduino.h"

namespace {

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

int _write(int, const char* data, int length) {
  return static_cast<int>(Serial.write(data, static_cast<size_t>(length)));
}

int _read(int, char* data, int length) {
  if (length <= 0) return 0;
  int c;
  while ((c = Serial.read()) < 0) {
  }
  *data = static_cast<char>(c);
  return 1;
}

int _fstat(int, struct stat* status) {
  status->st_mode = S_IFCHR;
  return 0;
}

int _isatty(int) { return 1; }
int _close(int) { return fail(EBADF); }
int _lseek(int, int, int) { return 0; }
int _open(const char*, int, int) { return fail(ENOENT); }
int _kill(int, int) { return fail(EINVAL); }
int _getpid(void) { return 1; }

}  // extern "C"
