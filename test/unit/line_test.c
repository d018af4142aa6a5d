// SPDX-License-Identifier: Apache-2.0
// Lines of the journal's file, made and read. Checksums are those of Python's zlib.crc32().
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "store/line.h"
#include "unit/dice.h"

static void assert_line(const struct line *line, const char *wanted)
{
    assert_int_equal(line->n_bytes, strlen(wanted));
    assert_memory_equal(line->text, wanted, strlen(wanted));
}

static void a_line_is_a_checksum_a_space_the_json_and_a_newline(void **state)
{
    (void)state;
    struct line line = {0};
    line_begin(&line);
    line_add(&line, "{}");
    line_end(&line);
    assert_line(&line, "a3a6bf43 {}\n");
    json_auto_t *json = json_pack("{s:i}", "a", 1);
    line_begin(&line);
    line_add_json(&line, json);
    line_end(&line);
    assert_line(&line, "561bacaf {\"a\":1}\n");
    line_begin(&line);
    line_add(&line, "{\"start\":%d,", 3);
    line_add_bytes(&line, "\"name\":\"n\xc3\xa9\",", 13);
    line_add(&line, "\"boot\":\"%s\"}", "b");
    line_end(&line);
    assert_line(&line, "546e3048 {\"start\":3,\"name\":\"n\xc3\xa9\",\"boot\":\"b\"}\n");
    line_finish(&line);
    line_finish(&line);
}

// A file of these bytes, at its beginning.
static struct line_reader file_of(const char *bytes, size_t n_bytes)
{
    int fd = memfd_create("journal", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return (struct line_reader){.fd = fd};
}

static void close_file(struct line_reader *reader)
{
    close(reader->fd);
    line_reader_finish(reader);
}

// The outcome of the next line, which where it is good has this member.
static void assert_next(struct line_reader *reader, int outcome, const char *member)
{
    json_t *json = NULL;
    assert_int_equal(line_read(reader, &json), outcome);
    assert_int_equal(json != NULL, outcome == 0);
    if (outcome == 0)
        assert_non_null(json_object_get(json, member));
    json_decref(json);
}

#define GOOD "561bacaf {\"a\":1}\n"

static void what_is_no_line_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int outcome;
    } cases[] = {
        {GOOD, 0},
        {"", LINE_END},
        {"\n", LINE_BAD},
        {"561bacaf\n", LINE_BAD},
        {"561bacaf \n", LINE_BAD},
        {"561bacaf {\"a\":2}\n", LINE_BAD},
        {"11bbd67f {\"a\":1}\n", LINE_BAD},
        {"561BACAF {\"a\":1}\n", LINE_BAD},
        {"561bacaf\t{\"a\":1}\n", LINE_BAD},
        {" 561bacaf {\"a\":1}\n", LINE_BAD},
        {"561bacaf {\"a\":1} \n", LINE_BAD},
        {"561bacaf {\"a\":1}\r\n", LINE_BAD},
        {"4c2f32b8 [1]\n", LINE_BAD}, // not an object
        {"88e1b453 {\"a\":1,\"a\":2}\n", LINE_BAD},
        {"6ab07ff3 {\"a\":\n", LINE_BAD}, // not JSON
        {"561bacaf {\"a\":1}", LINE_TORN},
        {"C", LINE_TORN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct line_reader reader = file_of(cases[i].text, strlen(cases[i].text));
        assert_next(&reader, cases[i].outcome, "a");
        size_t n_line = cases[i].outcome == 0 || cases[i].outcome == LINE_BAD
            ? strlen(cases[i].text)
            : 0;
        assert_int_equal(reader.offset, n_line);
        assert_next(&reader, cases[i].outcome == LINE_TORN ? LINE_TORN : LINE_END, NULL);
        close_file(&reader);
    }
}

static void reading_goes_on_behind_a_bad_line(void **state)
{
    (void)state;
    static const char text[] = GOOD "no line\n" GOOD "\0\0\0\n" GOOD "\0\0\0";
    struct line_reader reader = file_of(text, sizeof(text) - 1);
    static const int outcomes[] = {0, LINE_BAD, 0, LINE_BAD, 0, LINE_TORN};
    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
        assert_next(&reader, outcomes[i], "a");
    assert_int_equal(reader.offset, sizeof(text) - 1 - 3);
    close_file(&reader);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    json_t *json;
    struct line_reader reader = {.fd = -1};
    assert_int_equal(line_read(&reader, &json), -EBADF);
    line_reader_finish(&reader);
}

// Lengths around those of a read, and some that need many.
static void lines_of_any_length_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct dice dice;
    dice_init(&dice);
    struct line file = {0}, line = {0};
    size_t lengths[60];
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        lengths[i] = i < 40 ? 65536 - 30 + i : dice_below(&dice, dice_below(&dice, 400000) + 1);
        scoped_free char *text = xcalloc(lengths[i] + 1, 1);
        memset(text, 'x', lengths[i]);
        line_begin(&line);
        line_add(&line, "{\"n\":%zu,\"text\":\"%s\"}", i, text);
        line_end(&line);
        line_add_bytes(&file, line.text, line.n_bytes);
    }
    struct line_reader reader = file_of(file.text, file.n_bytes);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        json_auto_t *json = NULL;
        assert_int_equal(line_read(&reader, &json), 0);
        assert_int_equal(json_integer_value(json_object_get(json, "n")), i);
        assert_int_equal(json_string_length(json_object_get(json, "text")), lengths[i]);
    }
    assert_next(&reader, LINE_END, NULL);
    assert_int_equal(reader.offset, file.n_bytes);
    close_file(&reader);
    line_finish(&file);
    line_finish(&line);
}

// What is too long is passed by, however long it is: here twice the longest, of holes.
static void a_line_that_is_too_long_costs_no_more_memory_than_the_longest(void **state)
{
    (void)state;
    struct line_reader reader = file_of(GOOD, strlen(GOOD));
    off_t n_hole = (off_t)LINE_MAX_BYTES * 2;
    assert_int_equal(pwrite(reader.fd, "\n" GOOD, strlen(GOOD) + 1, (off_t)strlen(GOOD) + n_hole),
        strlen(GOOD) + 1);
    assert_next(&reader, 0, "a");
    assert_next(&reader, LINE_BAD, NULL);
    assert_int_equal(reader.offset, strlen(GOOD) + (size_t)n_hole + 1);
    assert_next(&reader, 0, "a");
    assert_next(&reader, LINE_END, NULL);
    assert_true(reader.capacity < LINE_MAX_BYTES * UINT64_C(3));
    close_file(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_checksum_a_space_the_json_and_a_newline),
        cmocka_unit_test(what_is_no_line_is_told_apart),
        cmocka_unit_test(reading_goes_on_behind_a_bad_line),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told),
        cmocka_unit_test(lines_of_any_length_come_out_as_they_went_in),
        cmocka_unit_test(a_line_that_is_too_long_costs_no_more_memory_than_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
