/* Linked into programs that are checked for leaks: MPI's plugins stay loaded until the process ends, so that the checker can
   tell their memory from ours (tests/leaks.supp) when it reports. */
int dlclose(void* library);

int dlclose(void* library) {
  (void)library;
  return 0;
}
