/* MPI as a transport of the host. Compiled by an MPI's own mpicc, so that the compiler checks it
 * against the real header; the host never links MPI. It knows no arithmetic: MPI moves bytes, sums
 * are the host's. */
#include <mpi.h>

#include <CPluginABI.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(I_MPI_VERSION)
#define NAME "intelmpi"
#define VERSION I_MPI_VERSION
#elif defined(MVAPICH2_VERSION)
#define NAME "mvapich"
#define VERSION MVAPICH2_VERSION
#elif defined(MVAPICH_VERSION)
#define NAME "mvapich"
#define VERSION MVAPICH_VERSION
#elif defined(OPEN_MPI)
#define TEXT(number) #number
#define DOTTED(major, minor, release) TEXT(major) "." TEXT(minor) "." TEXT(release)
#define NAME "openmpi"
#define VERSION DOTTED(OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION)
#elif defined(MPICH_VERSION)
#define NAME "mpich"
#define VERSION MPICH_VERSION
#else
#define NAME "mpi"
#define VERSION ""
#endif

/* The group, of which a process has one. */
typedef struct group {
  MPI_Comm ranks;
} group;

/* What went wrong, in MPI's words. */
static tk_status failed(const char *call, int code, tk_error *error) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) text[0] = 0;
  snprintf(error->text, error->capacity, "%s: %s", call, text);
  return TK_E_INTERNAL;
}

static tk_status open_group(void *user, const tk_host_v1 *host, int32_t *rank, int32_t *count,
                            void **opened, tk_error *error) {
  int code, number, size, provided, had = 0;
  group *own = malloc(sizeof *own);
  (void)user, (void)host;
  if (own == NULL) return TK_E_INTERNAL;
  MPI_Initialized(&had);
  if (had) {
    free(own);
    snprintf(error->text, error->capacity, "MPI is in use in this process already");
    return TK_E_UNSUPPORTED;
  }
  /* One thread makes all calls, this one among them. */
  code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (code != MPI_SUCCESS) {
    free(own);
    return failed("MPI_Init_thread", code, error);
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  code = MPI_Comm_dup(MPI_COMM_WORLD, &own->ranks);
  if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(own->ranks, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS) code = MPI_Comm_rank(own->ranks, &number);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(own->ranks, &size);
  if (code != MPI_SUCCESS) {
    free(own);
    return failed("MPI_Comm_dup", code, error);
  }
  *rank = number;
  *count = size;
  *opened = own;
  return TK_OK;
}

static tk_status begin(const char *call, int code, MPI_Request *own, void **request,
                       tk_error *error) {
  if (code != MPI_SUCCESS) {
    free(own);
    return failed(call, code, error);
  }
  *request = own;
  return TK_OK;
}

static tk_status send_bytes(void *in, int32_t to, int32_t channel, const void *bytes, size_t count,
                            void **request, tk_error *error) {
  MPI_Request *own = malloc(sizeof *own);
  if (own == NULL || count > INT_MAX) {
    free(own);
    snprintf(error->text, error->capacity, "no message of %zu bytes can be sent", count);
    return TK_E_UNSUPPORTED;
  }
  return begin("MPI_Isend",
               MPI_Isend(bytes, (int)count, MPI_BYTE, to, channel, ((group *)in)->ranks, own), own,
               request, error);
}

static tk_status receive_bytes(void *in, int32_t from, int32_t channel, void *bytes, size_t count,
                               void **request, tk_error *error) {
  MPI_Request *own = malloc(sizeof *own);
  if (own == NULL || count > INT_MAX) {
    free(own);
    snprintf(error->text, error->capacity, "no message of %zu bytes can be received", count);
    return TK_E_UNSUPPORTED;
  }
  return begin("MPI_Irecv",
               MPI_Irecv(bytes, (int)count, MPI_BYTE, from, channel, ((group *)in)->ranks, own),
               own, request, error);
}

static tk_status test(void *in, void *request, tk_error *error) {
  int done = 0, code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
  (void)in;
  if (code != MPI_SUCCESS) return failed("MPI_Test", code, error);
  if (!done) return TK_END;
  free(request);
  return TK_OK;
}

static void abort_group(void *in, int32_t code) { MPI_Abort(((group *)in)->ranks, code); }

static void close_group(void *in) {
  group *own = in;
  MPI_Comm_free(&own->ranks);
  free(own);
  MPI_Finalize();
}

static const tk_transport_v1 transport = {
    .struct_size = sizeof(tk_transport_v1),
    .open = open_group,
    .send = send_bytes,
    .receive = receive_bytes,
    .test = test,
    .abort = abort_group,
    .close = close_group,
};

static const tk_export_v1 exports[] = {
    {TK_KIND_TRANSPORT, 0, NAME, "Moves bytes between processes and hosts by MPI.", &transport,
     NULL},
};

static const tk_plugin_v1 plugin = {
    .head = {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof(tk_plugin_v1)},
    .name = "transport_" NAME,
    .version = VERSION,
    .built_with = __VERSION__,
    .export_count = 1,
    .exports = exports,
};

TK_EXPORT const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
