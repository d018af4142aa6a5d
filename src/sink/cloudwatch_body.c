// SPDX-License-Identifier: Apache-2.0
// Texts put together; the one place that looks into a datum, to name one that was refused.
#include <string.h>

#include "aws/clean.h"
#include "base/gzip.h"
#include "encode/document.h"
#include "sink/cloudwatch_body.h"

#define FRAME_TAIL "]}"

void cloudwatch_frame_init(struct cloudwatch_frame *frame, const char *namespace, bool is_gzip)
{
    json_auto_t *name = document_text(namespace, SIZE_MAX);
    scoped_free char *quoted = json_dumps(name, JSON_ENCODE_ANY | JSON_COMPACT);
    *frame = (struct cloudwatch_frame){
        .head = xasprintf("{\"Namespace\":%s,\"MetricData\":[", quoted), .is_gzip = is_gzip};
}

void cloudwatch_frame_finish(struct cloudwatch_frame *frame)
{
    free(frame->head);
}

// The newline of the last item counts too, though it is not sent.
void cloudwatch_frame_limits(const struct cloudwatch_frame *frame, struct batch_limits *ret_limits)
{
    size_t n_bytes = CLOUDWATCH_MAX_BYTES - strlen(frame->head) - strlen(FRAME_TAIL);
    *ret_limits = (struct batch_limits){
        .item_bytes = n_bytes, .batch_bytes = n_bytes, .batch_items = CLOUDWATCH_MAX_DATUMS};
}

// The newlines between the items become commas; an item has none inside.
static char *join(const struct cloudwatch_frame *frame, const struct cloudwatch_span *span)
{
    const struct batch_item *items = span->batch->items;
    const struct batch_item *last = &items[span->end - 1];
    size_t begin = items[span->first].offset;
    size_t n_bytes = last->offset + last->n_bytes - 1 - begin;
    char *text = xasprintf(
        "%s%.*s" FRAME_TAIL, frame->head, (int)n_bytes, span->batch->bytes + begin);
    char *first = text + strlen(frame->head);
    for (size_t i = span->first; i + 1 < span->end; i++)
        first[items[i].offset + items[i].n_bytes - 1 - begin] = ',';
    return text;
}

void cloudwatch_body_make(struct cloudwatch_body *body, const struct cloudwatch_frame *frame,
    const struct cloudwatch_span *span)
{
    char *text = join(frame, span);
    cloudwatch_body_finish(body);
    body->bytes = text;
    body->n_bytes = strlen(text);
    if (!frame->is_gzip)
        return;
    body->bytes = gzip_bytes(text, body->n_bytes, &body->n_bytes);
    free(text);
}

void cloudwatch_body_finish(struct cloudwatch_body *body)
{
    free(body->bytes);
    *body = (struct cloudwatch_body){0};
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "?";
}

char *cloudwatch_name_item(const struct batch *batch, size_t item)
{
    const struct batch_item *place = &batch->items[item];
    json_auto_t *datum = json_loadb(batch->bytes + place->offset, place->n_bytes, 0, NULL);
    scoped_free char *name = xasprintf("%s {", text_of(datum, "MetricName"));
    const json_t *dimensions = json_object_get(datum, "Dimensions");
    for (size_t i = 0; i < json_array_size(dimensions); i++) {
        const json_t *dimension = json_array_get(dimensions, i);
        char *longer = xasprintf("%s%s%s=%s", name, i > 0 ? ", " : "", text_of(dimension, "Name"),
            text_of(dimension, "Value"));
        free(name);
        name = longer;
    }
    char clean[AWS_MESSAGE_MAX];
    aws_clean(name, strlen(name), NULL, clean);
    return xasprintf("%s}", clean);
}
