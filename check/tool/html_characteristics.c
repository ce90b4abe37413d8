/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"
#include "must.h"

/* The value of a key in a run. */
struct entry {
    size_t key;
    size_t run;
    size_t order;
    const char *value;
};

struct entries {
    struct names keys;
    struct entry *list;
    size_t count;
    size_t run_count;
};

static int entry_compare(const void *a, const void *b)
{
    const struct entry *first = a;
    const struct entry *second = b;

    if (first->key != second->key) {
        return first->key < second->key ? -1 : 1;
    }
    if (first->run != second->run) {
        return first->run < second->run ? -1 : 1;
    }
    return first->order < second->order ? -1 : first->order > second->order;
}

static void entries_add(struct entries *entries, size_t run, const struct fact *fact)
{
    /* Doubles the room when it is full, which is when the count is a power of two. */
    if ((entries->count & (entries->count - 1)) == 0) {
        size_t room = entries->count > 0 ? entries->count * 2 : 1;

        entries->list = must_resize(entries->list, room, sizeof(*entries->list));
    }
    entries->list[entries->count] = (struct entry){.key = names_add(&entries->keys, fact->key),
                                                   .run = run,
                                                   .order = entries->count,
                                                   .value = fact->value};
    entries->count++;
}

static void entries_collect(struct entries *entries, const struct results *results)
{
    for (size_t run = 0; run < results->count; run++) {
        for (unsigned i = 0; i < results->runs[run].point_count; i++) {
            const struct facts *facts = &results->runs[run].points[i].characteristics;

            for (size_t k = 0; k < facts->count; k++) {
                entries_add(entries, run, &facts->list[k]);
            }
        }
    }
    if (entries->count > 0) {
        qsort(entries->list, entries->count, sizeof(*entries->list), entry_compare);
    }
}

/* Writes the entries of one key and run, from `at` on. @return the index behind them. */
static size_t cell_end(const struct entries *entries, size_t at, size_t key, size_t run)
{
    while (at < entries->count && entries->list[at].key == key && entries->list[at].run == run) {
        at++;
    }
    return at;
}

static bool was_before(const struct entry *first, const struct entry *entry)
{
    for (; first < entry; first++) {
        if (strcmp(first->value, entry->value) == 0) {
            return true;
        }
    }
    return false;
}

/* The values of a cell, each once, as text. */
static char *cell_text(const struct entries *entries, size_t from, size_t to)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    for (size_t at = from; at < to; at++) {
        if (!was_before(&entries->list[from], &entries->list[at])) {
            (void)fprintf(file, "%s%s", at > from ? "; " : "", entries->list[at].value);
        }
    }
    (void)fclose(file);
    return text;
}

/* Whether the runs that have a value have different ones. */
static bool texts_differ(char *const *texts, size_t count)
{
    const char *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (*texts[i] == '\0') {
            continue;
        }
        if (first != NULL && strcmp(first, texts[i]) != 0) {
            return true;
        }
        first = texts[i];
    }
    return false;
}

/* @return the index behind the key's entries. */
static size_t write_key(FILE *file, const struct entries *entries, size_t key, size_t at)
{
    char **texts = must_alloc(entries->run_count, sizeof(*texts));

    for (size_t run = 0; run < entries->run_count; run++) {
        size_t end = cell_end(entries, at, key, run);

        texts[run] = cell_text(entries, at, end);
        at = end;
    }
    html_put(file, "<tr><th scope=\"row\">%s</th>", entries->keys.list[key]);
    bool is_different = texts_differ(texts, entries->run_count);
    for (size_t run = 0; run < entries->run_count; run++) {
        html_put(file, "<td class=\"%s\">%s</td>", is_different ? "differs" : "same", texts[run]);
        free(texts[run]);
    }
    (void)fputs("</tr>\n", file);
    free(texts);
    return at;
}

static void write_choices_head(FILE *file, const struct results *results)
{
    (void)fputs("<thead><tr><th scope=\"col\">Choice</th>", file);
    for (size_t run = 0; run < results->count; run++) {
        html_put(file, "<th scope=\"col\">%s</th>", results->runs[run].name);
    }
    (void)fputs("</tr></thead>", file);
}

void html_characteristics(FILE *file, const struct results *results)
{
    struct entries entries = {.run_count = results->count};
    size_t at = 0;

    entries_collect(&entries, results);
    (void)fputs("<section id=\"characteristics\">\n<h2>Characteristics</h2>\n"
                "<p>What was chosen where the specification leaves a choice. None of it is a "
                "failure.</p>\n",
                file);
    if (entries.keys.count == 0) {
        (void)fputs("<p>None were seen.</p>\n", file);
    } else {
        html_frame(file, results, "Characteristics");
        (void)fputs("<table class=\"grid choices\">", file);
        write_choices_head(file, results);
        (void)fputs("<tbody>\n", file);
        for (size_t key = 0; key < entries.keys.count; key++) {
            at = write_key(file, &entries, key, at);
        }
        (void)fputs("</tbody></table></div>\n", file);
    }
    (void)fputs("</section>\n", file);
    names_free(&entries.keys);
    free(entries.list);
}
