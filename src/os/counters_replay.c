// SPDX-License-Identifier: Apache-2.0
// Plays captured statistics: the second implementation of os/counters.h. Every text is a track with
// moments of its own; the tracks are merged by time. At the start all of it is played once without
// an audience, which finds what is wrong with the texts; then it is rewound, and advance() plays it
// again. So the memory it takes is that of the texts and of one state.
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "os/counters_replay.h"
#include "os/replay_devices.h"
#include "os/replay_files.h"

#define BOOT_BEFORE_START_NS (3600 * NS_PER_S)
#define DEFAULT_START_NS     (UINT64_C(1767225600) * NS_PER_S) // 2026-01-01T00:00:00Z
#define NEVER_NS             UINT64_MAX

// A text and how far it was played.
struct track {
    struct replay_reader reader;
    unsigned int start_line; // of the `time` that says when it starts; 0: none
    uint64_t next_ns;        // when it goes on; NEVER_NS: it has ended
    uint64_t step_ns;        // between the moments of a repeat,
    uint32_t n_empty;        // as many of which are still to come before it says more
    bool is_in_list;
    struct replay_device *selected;       // NULL: none yet
    bool has_list[REPLAY_MAX_INTERFACES]; // in this moment, by the place of the device
};

struct replay {
    struct counters counters;
    struct replay_texts texts;
    uint64_t interval_ns;
    bool is_rehearsal;
    uint64_t first_ns;
    uint64_t now_ns;
    struct track *tracks; // one per text
    struct replay_devices devices;
};

// The next moments of a track: `n_steps`, of which the last goes on reading.
static const char *step_on(
    const struct replay *replay, struct track *track, uint64_t step_ns, uint32_t n_steps)
{
    uint64_t length_ns;
    if (__builtin_mul_overflow(step_ns, n_steps, &length_ns) ||
        length_ns > REPLAY_LATEST_NS - replay->now_ns)
        return "times end with the year 2199";
    // Empty moments cannot be wrong: a rehearsal takes them in one leap.
    track->step_ns = replay->is_rehearsal ? length_ns : step_ns;
    track->n_empty = replay->is_rehearsal ? 0 : n_steps - 1;
    track->next_ns = replay->now_ns + track->step_ns;
    return NULL;
}

static const char *take_time(
    const struct replay *replay, struct track *track, const struct replay_time *time)
{
    if (track->reader.line == track->start_line)
        return NULL;
    if (time->is_step)
        return step_on(replay, track, time->ns, time->n_steps);
    if (time->ns <= replay->now_ns)
        return "times increase from one line `time` to the next";
    return step_on(replay, track, time->ns - replay->now_ns, 1);
}

static const char *take_interface(
    struct replay *replay, struct track *track, const struct replay_interface *interface)
{
    track->is_in_list = false;
    return replay_devices_declare(&replay->devices, interface, &track->selected);
}

// As if there were a line `interface` with the file's name, without folder and extension.
static const char *select_by_file_name(struct replay *replay, struct track *track)
{
    const char *path = track->reader.text->name, *slash = strrchr(path, '/');
    scoped_free char *name = xstrdup(slash != NULL ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot != NULL)
        *dot = '\0';
    if (!replay_is_ifname(name))
        return "a line `interface NAME` comes first, or the file is named after the interface";
    struct replay_interface interface = {0};
    memcpy(interface.ifname, name, strlen(name) + 1);
    return take_interface(replay, track, &interface);
}

static const char *check_selected(struct replay *replay, struct track *track)
{
    const char *complaint = track->selected == NULL ? select_by_file_name(replay, track) : NULL;
    if (complaint != NULL)
        return complaint;
    return track->selected->is_present
        ? NULL
        : "an interface that is gone says no more until a line `interface` brings it back";
}

// A second list in one moment is the first statement of the next one, which is read again then.
static const char *take_list(
    const struct replay *replay, struct track *track, const struct replay_reader *before)
{
    bool *has_list = &track->has_list[track->selected - replay->devices.devices];
    if (*has_list) {
        const char *complaint = step_on(replay, track, replay->interval_ns, 1);
        if (complaint == NULL)
            track->reader = *before;
        return complaint;
    }
    *has_list = true;
    track->is_in_list = true;
    track->selected->n_statistics = 0;
    return NULL;
}

static const char *take_value(struct track *track, const struct replay_value *value)
{
    return track->is_in_list ? replay_device_append(track->selected, value)
                             : replay_device_change(track->selected, value);
}

static const char *take_error(struct track *track, int error)
{
    track->is_in_list = false;
    track->selected->error = error;
    return NULL;
}

static const char *take_gone(const struct track *track)
{
    replay_device_end(track->selected);
    return NULL;
}

static const char *take_end(struct track *track)
{
    if (track->selected == NULL)
        return "nothing is recorded: a file has a list that starts with NIC statistics:";
    track->next_ns = NEVER_NS;
    return NULL;
}

// What is said of the selected interface.
static const char *take_of_selected(struct replay *replay, struct track *track,
    const struct replay_statement *statement, const struct replay_reader *before)
{
    const char *complaint = check_selected(replay, track);
    if (complaint != NULL)
        return complaint;
    switch (statement->kind) {
    case REPLAY_LIST:
        return take_list(replay, track, before);
    case REPLAY_VALUE:
        return take_value(track, &statement->value);
    case REPLAY_ERROR:
        return take_error(track, statement->error);
    default:
        return take_gone(track);
    }
}

static const char *take(struct replay *replay, struct track *track,
    const struct replay_statement *statement, const struct replay_reader *before)
{
    switch (statement->kind) {
    case REPLAY_END:
        return take_end(track);
    case REPLAY_TIME:
        return take_time(replay, track, &statement->time);
    case REPLAY_INTERFACE:
        return take_interface(replay, track, &statement->interface);
    default:
        return take_of_selected(replay, track, statement, before);
    }
}

// All that a track says of the moment that is now.
static const char *play_track(struct replay *replay, struct track *track)
{
    if (track->n_empty > 0) {
        track->n_empty--;
        track->next_ns += track->step_ns;
        return NULL;
    }
    memset(track->has_list, 0, sizeof(track->has_list));
    track->is_in_list = false;
    const char *complaint = NULL;
    while (complaint == NULL && track->next_ns == replay->now_ns) {
        struct replay_reader before = track->reader;
        struct replay_statement statement;
        complaint = replay_read(&track->reader, &statement);
        if (complaint == NULL)
            complaint = take(replay, track, &statement, &before);
    }
    return complaint;
}

static uint64_t find_next_ns(const struct replay *replay)
{
    uint64_t next_ns = NEVER_NS;
    for (size_t i = 0; i < replay->texts.n_texts; i++)
        if (replay->tracks[i].next_ns < next_ns)
            next_ns = replay->tracks[i].next_ns;
    return next_ns;
}

// 0, COUNTERS_ENDED, or -EINVAL and a complaint, which cannot be after the rehearsal.
static int play_moment(struct replay *replay, char **ret_complaint)
{
    uint64_t next_ns = find_next_ns(replay);
    if (next_ns == NEVER_NS)
        return COUNTERS_ENDED;
    replay->now_ns = next_ns;
    for (uint32_t i = 0; i < replay->devices.n_devices; i++)
        replay->devices.devices[i].error = 0;
    for (size_t i = 0; i < replay->texts.n_texts; i++) {
        struct track *track = &replay->tracks[i];
        const char *complaint = track->next_ns == next_ns ? play_track(replay, track) : NULL;
        if (complaint != NULL) {
            *ret_complaint = xasprintf(
                "%s:%u: %s", track->reader.text->name, track->reader.line, complaint);
            return -EINVAL;
        }
    }
    return 0;
}

// A time of day that at most `interface` lines come before is when the text starts.
static void start_track(struct track *track, const struct replay_text *text)
{
    *track = (struct track){.reader = {.text = text}, .next_ns = DEFAULT_START_NS};
    struct replay_reader ahead = track->reader;
    struct replay_statement statement = {.kind = REPLAY_INTERFACE};
    while (statement.kind == REPLAY_INTERFACE)
        if (replay_read(&ahead, &statement) != NULL)
            return;
    if (statement.kind != REPLAY_TIME || statement.time.is_step)
        return;
    track->start_line = ahead.line;
    track->next_ns = statement.time.ns;
}

// To the first moment, which is current then.
static int play_first_moment(struct replay *replay, bool is_rehearsal, char **ret_complaint)
{
    replay->is_rehearsal = is_rehearsal;
    replay_devices_finish(&replay->devices);
    for (size_t i = 0; i < replay->texts.n_texts; i++)
        start_track(&replay->tracks[i], &replay->texts.texts[i]);
    int r = play_moment(replay, ret_complaint);
    replay->first_ns = replay->now_ns;
    return r;
}

static int rehearse(struct replay *replay, char **ret_complaint)
{
    int r = play_first_moment(replay, true, ret_complaint);
    while (r == 0)
        r = play_moment(replay, ret_complaint);
    return r;
}

static struct replay *replay_of(const struct counters *counters)
{
    return (struct replay *)counters;
}

static int replay_descriptor(const struct counters *counters)
{
    (void)counters;
    return -1;
}

static int replay_next_event(struct counters *counters, struct link_event *ret_event)
{
    return replay_devices_next_event(&replay_of(counters)->devices, ret_event);
}

static int replay_driver(struct counters *counters, const struct link *link,
    char ret_driver[static DRIVER_TEXT_MAX], char ret_version[static DRIVER_TEXT_MAX])
{
    const struct replay_device *device = replay_devices_find(
        &replay_of(counters)->devices, link->ifname);
    if (device == NULL)
        return -ENODEV;
    if (device->driver[0] == '\0')
        return -EOPNOTSUPP;
    memcpy(ret_driver, device->driver, DRIVER_TEXT_MAX);
    memcpy(ret_version, device->version, DRIVER_TEXT_MAX);
    return 0;
}

static int replay_names(
    struct counters *counters, const struct link *link, struct counters_names *ret_names)
{
    const struct replay_device *device = replay_devices_find(
        &replay_of(counters)->devices, link->ifname);
    if (device == NULL)
        return -ENODEV;
    if (device->n_statistics == 0)
        return -EOPNOTSUPP;
    ret_names->n_names = device->n_statistics;
    ret_names->slots = (const char(*)[COUNTERS_NAME_BYTES])device->names;
    return 0;
}

static int replay_values(
    struct counters *counters, const char *ifname, uint32_t n_expected, const uint64_t **ret_values)
{
    const struct replay_device *device = replay_devices_find(&replay_of(counters)->devices, ifname);
    if (device == NULL)
        return -ENODEV;
    if (device->error != 0)
        return -device->error;
    if (device->n_statistics != n_expected)
        return COUNTERS_CHANGED;
    *ret_values = device->values;
    return 0;
}

static void replay_clock(const struct counters *counters, struct now *ret_now)
{
    const struct replay *replay = replay_of(counters);
    *ret_now = (struct now){.boot_ns = BOOT_BEFORE_START_NS + replay->now_ns - replay->first_ns,
        .wall_ms = (int64_t)(replay->now_ns / NS_PER_MS)};
}

static int replay_advance(struct counters *counters)
{
    scoped_free char *complaint = NULL;
    int r = play_moment(replay_of(counters), &complaint);
    assert(r >= 0);
    return r;
}

static void replay_destroy(struct counters *counters)
{
    struct replay *replay = replay_of(counters);
    if (replay == NULL)
        return;
    replay_devices_finish(&replay->devices);
    replay_texts_finish(&replay->texts);
    free(replay->tracks);
    free(replay);
}

static const struct counters_ops replay_ops = {
    .descriptor = replay_descriptor,
    .next_event = replay_next_event,
    .driver = replay_driver,
    .names = replay_names,
    .values = replay_values,
    .clock = replay_clock,
    .advance = replay_advance,
    .destroy = replay_destroy,
};

int counters_replay_create_from_texts(struct replay_texts *texts, uint64_t interval_ms,
    struct counters **ret_counters, char **ret_complaint)
{
    assert(interval_ms > 0 && interval_ms <= UINT64_MAX / NS_PER_MS);
    struct replay *replay = xcalloc(1, sizeof(*replay));
    replay->counters.ops = &replay_ops;
    replay->interval_ns = interval_ms * NS_PER_MS;
    replay->texts = *texts;
    *texts = (struct replay_texts){0};
    replay->tracks = xcalloc(replay->texts.n_texts, sizeof(*replay->tracks));
    int r = rehearse(replay, ret_complaint);
    if (r == COUNTERS_ENDED)
        r = play_first_moment(replay, false, ret_complaint);
    if (r < 0) {
        replay_destroy(&replay->counters);
        return r;
    }
    *ret_counters = &replay->counters;
    return 0;
}

int counters_replay_create(
    const struct replay_options *options, struct counters **ret_counters, char **ret_complaint)
{
    struct replay_texts texts = {0};
    int r = replay_files_read(options->path, &texts, ret_complaint);
    if (r < 0)
        return r;
    return counters_replay_create_from_texts(
        &texts, options->interval_ms, ret_counters, ret_complaint);
}
