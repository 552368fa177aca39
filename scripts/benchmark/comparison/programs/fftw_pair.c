/* FFTW's own three-dimensional complex transforms, forward and back in place, measured plans.
 *
 * fftw_pair POINTS [natural|transposed]   One process without MPI; with TURNS_MPI over the ranks, the spectrum in the
 * natural or in the transposed order. A unit of work is one pair. FFTW does not normalise: every 16 pairs the field is
 * scaled back, which costs less than 1 % of them. */
#include <math.h>
#include "turns.h"
#ifdef TURNS_MPI
#include <fftw3-mpi.h>
#else
#include <fftw3.h>
#endif

static fftw_complex *field;
static ptrdiff_t points, local_planes, first_plane;
static long pairs = 0; /* since the field was last scaled back */

static double first_value(ptrdiff_t index) { return sin(0.37 * (double)(index + first_plane * points * points)); }

static void scale_back(void) {
    double factor = pow((double)points, -3.0 * (double)pairs);
    for (ptrdiff_t i = 0; i < local_planes * points * points; ++i) {
        field[i][0] *= factor;
        field[i][1] *= factor;
    }
    pairs = 0;
}

static double difference(void) {
    double largest = 0.0;
    scale_back();
    for (ptrdiff_t i = 0; i < local_planes * points * points; ++i) {
        double distance = hypot(field[i][0] - first_value(i), field[i][1] - 1.0);
        if (!(distance <= largest)) largest = distance;
    }
    return largest;
}

int main(int count, char **arguments) {
    fftw_plan forward, backward;
#ifdef TURNS_MPI
    unsigned transposed = count > 2 && strcmp(arguments[2], "transposed") == 0;
    MPI_Init(&count, &arguments);
    fftw_mpi_init();
#endif
    if (count < 2 || (points = atol(arguments[1])) < 1) return 2;
    turns_baseline = turns_bytes("VmRSS");
    turns_open();
#ifdef TURNS_MPI
    ptrdiff_t planes_k, first_k, size;
    size = transposed ? fftw_mpi_local_size_3d_transposed(points, points, points, MPI_COMM_WORLD, &local_planes,
                                                          &first_plane, &planes_k, &first_k)
                      : fftw_mpi_local_size_3d(points, points, points, MPI_COMM_WORLD, &local_planes, &first_plane);
    field = fftw_alloc_complex((size_t)size);
    forward = fftw_mpi_plan_dft_3d(points, points, points, field, field, MPI_COMM_WORLD, FFTW_FORWARD,
                                   FFTW_MEASURE | (transposed ? FFTW_MPI_TRANSPOSED_OUT : 0));
    backward = fftw_mpi_plan_dft_3d(points, points, points, field, field, MPI_COMM_WORLD, FFTW_BACKWARD,
                                    FFTW_MEASURE | (transposed ? FFTW_MPI_TRANSPOSED_IN : 0));
#else
    local_planes = points;
    first_plane = 0;
    field = fftw_alloc_complex((size_t)(points * points * points));
    forward = fftw_plan_dft_3d((int)points, (int)points, (int)points, field, field, FFTW_FORWARD, FFTW_MEASURE);
    backward = fftw_plan_dft_3d((int)points, (int)points, (int)points, field, field, FFTW_BACKWARD, FFTW_MEASURE);
#endif
    for (ptrdiff_t i = 0; i < local_planes * points * points; ++i) {
        field[i][0] = first_value(i);
        field[i][1] = 1.0;
    }
    turns_difference = difference;
    turns_ready();
    for (;;) {
        turns_next();
        fftw_execute(forward);
        fftw_execute(backward);
        if (++pairs == 16) scale_back();
    }
}
