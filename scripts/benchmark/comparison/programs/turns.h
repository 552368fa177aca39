/* A program's side of the turns (comparison/turns.py): it waits for its turn without using the processor, and answers.
 *
 * Every rank reads its own named pipe, DIRECTORY/turn.RANK, line by line; rank 0 answers through DIRECTORY/answers.
 * DIRECTORY is the environment variable BENCHMARK_TURNS. Define TURNS_MPI where the program runs under MPI. */
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#ifdef TURNS_MPI
#include <mpi.h>
#endif

static FILE *turns_in = NULL, *turns_out = NULL;
static int turns_rank = 0;
static long turns_left = 0;
static int turns_timing = 0;
static double turns_begin = 0.0;
static long turns_baseline = 0;
/* Tells the round trip's error when asked for the state; programs without one leave it out. */
static double (*turns_difference)(void) = NULL;

static void turns_fail(const char *what) {
    perror(what);
    exit(1);
}

/* Bytes of an entry of /proc/self/status or smaps_rollup, -1 if it is not there. */
static long turns_entry(const char *file, const char *name) {
    char line[256];
    long kilobytes = -1;
    size_t length = strlen(name);
    FILE *stream = fopen(file, "r");
    if (!stream) return -1;
    while (fgets(line, sizeof line, stream))
        if (strncmp(line, name, length) == 0 && line[length] == ':') kilobytes = atol(line + length + 1);
    fclose(stream);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

/* Resident bytes with this process's part of the shared ones, as hpcmix.running.memory counts them. */
static long turns_bytes(const char *kind) {
    long resident = turns_entry("/proc/self/status", kind), shared = turns_entry("/proc/self/status", "RssShmem");
    long part = turns_entry("/proc/self/smaps_rollup", "Pss_Shmem");
    return shared < 0 || part < 0 ? resident : resident - shared + part;
}

static double turns_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void turns_barrier(void) {
#ifdef TURNS_MPI
    MPI_Barrier(MPI_COMM_WORLD);
#endif
}

/* Opens the pipes; call it after MPI_Init. */
static void turns_open(void) {
    char path[4096];
    const char *directory = getenv("BENCHMARK_TURNS");
    if (!directory) turns_fail("BENCHMARK_TURNS is not set");
#ifdef TURNS_MPI
    MPI_Comm_rank(MPI_COMM_WORLD, &turns_rank);
#endif
    snprintf(path, sizeof path, "%s/turn.%d", directory, turns_rank);
    if (!(turns_in = fopen(path, "r"))) turns_fail(path);
    if (turns_rank == 0) {
        snprintf(path, sizeof path, "%s/answers", directory);
        if (!(turns_out = fopen(path, "w"))) turns_fail(path);
    }
}

/* After the set-up, whose peak of memory does not count. */
static void turns_ready(void) {
    FILE *stream = fopen("/proc/self/clear_refs", "w");
    if (stream) {
        fputs("5", stream);
        fclose(stream);
    }
    turns_barrier();
    if (turns_out) fprintf(turns_out, "ready\n"), fflush(turns_out);
}

/* The largest of a number over the ranks. */
static double turns_largest(double value) {
#ifdef TURNS_MPI
    double all;
    MPI_Allreduce(&value, &all, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return all;
#else
    return value;
#endif
}

/* Call it before every unit of work: ends a turn whose units are done, waits for the next one, and begins it. */
static void turns_next(void) {
    char line[4096];
    if (turns_left > 0) {
        --turns_left;
        return;
    }
    if (turns_timing) {
        turns_barrier();
        if (turns_out) fprintf(turns_out, "seconds %.9g\n", turns_seconds() - turns_begin), fflush(turns_out);
        turns_timing = 0;
    }
    while (fgets(line, sizeof line, turns_in)) {
        if (strncmp(line, "run ", 4) == 0) {
            turns_left = atol(line + 4) - 1;
            turns_timing = 1;
            turns_barrier();
            turns_begin = turns_seconds();
            return;
        }
        if (strncmp(line, "memory", 6) == 0) {
            double beyond = turns_largest((double)(turns_bytes("VmHWM") - turns_baseline));
            if (turns_out) fprintf(turns_out, "memory %.0f\n", beyond), fflush(turns_out);
        } else if (strncmp(line, "state", 5) == 0 && turns_difference) {
            double difference = turns_largest(turns_difference());
            if (turns_out) fprintf(turns_out, "difference %.3g\n", difference), fflush(turns_out);
        } else
            break;
    }
    turns_barrier();
#ifdef TURNS_MPI
    MPI_Finalize();
#endif
    _Exit(0);
}

/* The file of the whole state, given by BENCHMARK_STATE, as memory of `bytes` bytes. */
static void *turns_state(size_t bytes) {
    const char *path = getenv("BENCHMARK_STATE");
    int file = path ? open(path, O_RDWR) : -1;
    void *memory = file < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) turns_fail("BENCHMARK_STATE");
    close(file);
    return memory;
}
