// SPDX-License-Identifier: Apache-2.0
// The interfaces: a line for each ENI, and one for all that are left out.
#include <errno.h>
#include <string.h>

#include "base/mac.h"
#include "collector/eni_source.h"
#include "command/check.h"
#include "encode/document.h"

static size_t count(const struct ena_survey *survey, enum surveyed_as as)
{
    size_t n = 0;
    for (size_t i = 0; i < survey->n_links; i++)
        n += survey->links[i].as == as;
    return n;
}

static json_t *details_of(const struct surveyed *link, const char *mac)
{
    const struct eni *eni = &link->eni;
    json_t *object = json_object();
    document_set(object, "interface", document_text(eni->ifname, sizeof(eni->ifname)));
    document_set(object, "mac", document_text(mac, SIZE_MAX));
    document_set(object, "driver", document_text(eni->driver, sizeof(eni->driver)));
    document_set(
        object, "driver_version", document_text(eni->driver_version, sizeof(eni->driver_version)));
    return object;
}

static const char *remedy_of(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return "something forbids the ioctl SIOCETHTOOL: a seccomp profile, or a security module";
    case EOPNOTSUPP:
        return "sample.drivers names a driver without statistics: the default is ena";
    default:
        return "the kernel log says what the driver met (dmesg); enawatch run goes on trying";
    }
}

// One that cannot be read is no end while others can.
static void add_eni(struct check *check, const struct surveyed *link)
{
    const struct eni *eni = &link->eni;
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    struct finding finding = {.name = "interface", .details = details_of(link, mac)};
    text_add(&finding.text, "%s %s", eni->ifname, mac);
    if (eni->driver[0] != '\0')
        text_add(&finding.text, ", %s %s", eni->driver, eni->driver_version);
    if (link->error == 0) {
        text_add(&finding.text, ", %u statistics", link->n_statistics);
        document_set(finding.details, "n_statistics", document_number(link->n_statistics));
    } else {
        text_add(&finding.text, ": %s: %s",
            link->as == SURVEYED_ENI ? "cannot be read" : "cannot be asked for its driver",
            eni_source_explain(link->error));
        finding.remedy = xstrdup(remedy_of(link->error));
        finding.status = ena_survey_is_any_read(&check->survey) ? CHECK_WARN : CHECK_FAIL;
    }
    report_add(&check->report, finding);
}

static void add_none(struct check *check)
{
    const struct option_list *drivers = &check->config->ena.drivers;
    char *text = xstrdup("no interface to read: sample.drivers = ");
    for (size_t i = 0; i < drivers->n_words; i++)
        text_add(&text, "%s%s", i > 0 ? ", " : "", drivers->words[i]);
    bool is_by_name = count(&check->survey, SURVEYED_OTHER_NAME) > 0;
    const char *remedy = check_is_replay(check)
        ? "sample.replay has none at its beginning: enawatch run waits for one"
        : is_by_name
        ? "sample.interfaces leaves out all that have this driver: the default is *"
        : "run it on a Nitro instance of EC2, in a container with the network of its host "
          "(hostNetwork: true, --network host); for another driver set sample.drivers";
    report_add(
        &check->report, (struct finding){"interface", CHECK_FAIL, text, xstrdup(remedy), NULL});
}

static const char *driver_of(const struct surveyed *link)
{
    return link->eni.driver[0] != '\0' ? link->eni.driver : "no driver";
}

static bool is_same_driver(const struct surveyed *a, const struct surveyed *b)
{
    return b->as == SURVEYED_OTHER_DRIVER && strcmp(driver_of(a), driver_of(b)) == 0;
}

static bool is_first_of_driver(const struct ena_survey *survey, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (is_same_driver(&survey->links[i], &survey->links[j]))
            return false;
    return survey->links[i].as == SURVEYED_OTHER_DRIVER;
}

static size_t count_driver(const struct ena_survey *survey, const struct surveyed *first)
{
    size_t n = 0;
    for (size_t i = 0; i < survey->n_links; i++)
        n += is_same_driver(first, &survey->links[i]);
    return n;
}

// A node of Kubernetes has hundreds: by driver.
static void add_other_drivers(const struct ena_survey *survey, char **text, json_t *drivers)
{
    for (size_t i = 0; i < survey->n_links; i++) {
        const struct surveyed *link = &survey->links[i];
        if (!is_first_of_driver(survey, i))
            continue;
        size_t n = count_driver(survey, link);
        scoped_free char *words = xasprintf("%zu %s", n, driver_of(link));
        text_add_word(text, words);
        document_set(drivers, driver_of(link), document_number(n));
    }
}

static void add_other_names(const struct ena_survey *survey, char **text, json_t *names)
{
    for (size_t i = 0; i < survey->n_links; i++) {
        const struct surveyed *link = &survey->links[i];
        if (link->as != SURVEYED_OTHER_NAME)
            continue;
        text_add_word(text, link->eni.ifname);
        document_append(names, document_text(link->eni.ifname, sizeof(link->eni.ifname)));
    }
}

static void add_left_out(struct check *check)
{
    json_t *drivers = json_object(), *names = json_array(), *details = json_object();
    scoped_free char *by_driver = NULL;
    scoped_free char *by_name = NULL;
    add_other_drivers(&check->survey, &by_driver, drivers);
    add_other_names(&check->survey, &by_name, names);
    document_set(details, "by_driver", drivers);
    document_set(details, "by_name", names);
    char *text = NULL;
    if (by_driver != NULL)
        text_add(&text, "by sample.drivers: %s", by_driver);
    if (by_name != NULL)
        text_add(&text, "%sby sample.interfaces: %s", text != NULL ? "; " : "", by_name);
    if (text == NULL)
        text = xstrdup("no other interface");
    report_add(&check->report, (struct finding){"left out", CHECK_OK, text, NULL, details});
}

void check_interfaces(struct check *check)
{
    const struct ena_survey *survey = &check->survey;
    for (size_t i = 0; i < survey->n_links; i++)
        if (survey->links[i].as == SURVEYED_ENI || survey->links[i].as == SURVEYED_UNANSWERED)
            add_eni(check, &survey->links[i]);
    if (count(survey, SURVEYED_ENI) + count(survey, SURVEYED_UNANSWERED) == 0)
        add_none(check);
    add_left_out(check);
}
