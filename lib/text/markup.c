#include "lib/text/markup.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"

enum { TAB = 4, CELLS = 8, ROWS = 64 };

#define BOLD "\033[1m"
#define UNDERLINED "\033[4m"
#define PLAIN "\033[0m"

/* Where text is put, and how. */
struct pen {
	struct str *out;
	const struct markup_style *style;
	size_t column, indent;
	bool bold, underlined;
};

/* -- words -- */

/* One word, as it is printed. */
struct piece {
	struct str text;
	size_t columns;
};

static void set_attributes(const struct pen *p, struct str *to)
{
	if (!p->style->attributes) return;
	if (p->bold) str_add(to, BOLD);
	if (p->underlined) str_add(to, UNDERLINED);
}

static void drop_attributes(const struct pen *p, struct str *to)
{
	if (p->style->attributes && (p->bold || p->underlined)) str_add(to, PLAIN);
}

/* *, or _ where a word begins or, once underlined, ends: one in a name is text. */
static bool toggles(const struct pen *p, const char *text, size_t at)
{
	if (text[at] != '_') return text[at] == '*';
	return !at || !isalnum((unsigned char)text[at - 1]) ||
	       (p->underlined && !isalnum((unsigned char)text[at + 1]));
}

/* A forced end of the line. */
static bool is_break(const char *text)
{
	return !strncmp(text, "++\n", 3);
}

/* Read from `at` to the next blank or to `n`; returns where it stopped. */
static size_t read_piece(struct pen *p, const char *text, size_t at, size_t n,
                         struct piece *out)
{
	set_attributes(p, &out->text);
	for (; at < n && !strchr(" \t\n", text[at]) && !is_break(text + at); at++) {
		bool escaped = text[at] == '\\' && at + 1 < n;

		if (!escaped && toggles(p, text, at)) {
			drop_attributes(p, &out->text);
			if (text[at] == '*') p->bold = !p->bold;
			else p->underlined = !p->underlined;
			set_attributes(p, &out->text);
			continue;
		}
		at += escaped;
		str_addc(&out->text, text[at]);
		out->columns += ((unsigned char)text[at] & 0xc0) != 0x80;
	}
	drop_attributes(p, &out->text);
	return at;
}

static void put_blanks(struct pen *p, size_t n)
{
	for (; n; n--) {
		str_addc(p->out, ' ');
		p->column++;
	}
}

static void end_line(struct pen *p)
{
	str_addc(p->out, '\n');
	p->column = 0;
}

/* Fill lines with the words of a text, from where the pen is; lines after the first begin at
 * its indent. */
static void fill(struct pen *p, const char *text, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	bool first = true;

	for (size_t at = 0; at < n;) {
		struct piece word = { .text = { .m = &m } };

		at += strspn(text + at, " \t\n");
		if (at >= n) break;
		if (is_break(text + at)) {
			at += 3;
			end_line(p);
			put_blanks(p, p->indent);
			first = true;
			continue;
		}
		at = read_piece(p, text, at, n, &word);
		if (!first && p->column + 1 + word.columns > p->style->width) {
			end_line(p);
			put_blanks(p, p->indent);
		} else if (!first) {
			put_blanks(p, 1);
		}
		str_add(p->out, str_text(&word.text));
		p->column += word.columns;
		first = false;
	}
	p->bold = p->underlined = false;
}

/* -- lines -- */

static const char *line_end(const char *s)
{
	return s + strcspn(s, "\n");
}

static const char *line_after(const char *s)
{
	s = line_end(s);
	return *s ? s + 1 : s;
}

static bool is_blank(const char *line)
{
	return *line == '\n' || !*line;
}

static const char *skip_tabs(const char *line)
{
	return line + strspn(line, "\t");
}

static bool is_item(const char *s)
{
	return (*s == '-' || *s == '.') && s[1] == ' ';
}

static bool is_literal(const char *line)
{
	return str_starts(skip_tabs(line), "```");
}

/* A cell: what kind, how it is aligned, a blank, and text. */
static bool is_cell(const char *line, const char *kinds)
{
	return *line && strchr(kinds, *line) && line[1] && strchr("[]-<>= ", line[1]) &&
	       (line[2] == ' ' || is_blank(line + 2));
}

static bool is_table(const char *line)
{
	return is_cell(line, "[|]");
}

/* One that does not belong to the paragraph before. */
static bool begins(const char *line)
{
	const char *s = skip_tabs(line);

	return is_blank(line) || *line == '#' || *line == ';' || is_literal(line) ||
	       is_item(s) || is_table(line);
}

/* A paragraph or an item: the lines of its indent. Returns the line after it. */
static const char *show_paragraph(struct pen *p, const char *line, size_t *number)
{
	size_t tabs = strspn(line, "\t");
	const char *text = line + tabs, *end = line_after(line);

	p->indent = tabs * TAB;
	put_blanks(p, p->indent);
	if (is_item(text)) {
		size_t before = p->out->len;

		if (*text == '-') str_add(p->out, "- ");
		else str_addf(p->out, "%zu. ", ++*number);
		p->column += p->out->len - before;
		p->indent += p->out->len - before;
		text += 2;
	} else {
		*number = 0;
	}
	while (!begins(end) && strspn(end, "\t") == tabs)
		end = line_after(end);
	fill(p, text, (size_t)(end - text));
	end_line(p);
	return end;
}

static const char *show_literal(struct pen *p, const char *line)
{
	size_t tabs = strspn(line, "\t");

	for (line = line_after(line); *line && !is_literal(line); line = line_after(line)) {
		size_t given = strspn(line, "\t");
		const char *text = line + (given < tabs ? given : tabs);

		if (!is_blank(text)) put_blanks(p, (tabs + 1) * TAB);
		str_addn(p->out, text, (size_t)(line_end(line) - text));
		end_line(p);
	}
	return line_after(line);
}

static const char *show_heading(struct pen *p, const char *line)
{
	const char *text = line + strspn(line, "# ");

	p->bold = true;
	p->indent = 0;
	set_attributes(p, p->out);
	str_addn(p->out, text, (size_t)(line_end(line) - text));
	drop_attributes(p, p->out);
	p->bold = false;
	end_line(p);
	return line_after(line);
}

/* -- tables -- */

struct grid {
	const char *cell[ROWS][CELLS];
	size_t len[ROWS][CELLS], width[CELLS];
	size_t rows, columns;
};

/* A cell's columns without markup. */
static size_t cell_columns(const char *text, size_t n)
{
	static const struct markup_style plain = { .width = SIZE_MAX };
	AUTOFREE struct arena m = { 0 };
	struct str out = { .m = &m };
	struct pen p = { .out = &out, .style = &plain };

	fill(&p, text, n);
	return p.column;
}

static const char *read_grid(const char *line, struct grid *g)
{
	size_t row = 0, cell = 0;

	for (; is_cell(line, "[|]:"); line = line_after(line)) {
		const char *text = line + 2;
		size_t n = (size_t)(line_end(line) - text);

		cell = *line == ':' ? cell + 1 : 0;
		if (!cell && g->rows++) row++;
		if (row >= ROWS || cell >= CELLS) continue;
		g->cell[row][cell] = text;
		g->len[row][cell] = n;
		if (cell_columns(text, n) > g->width[cell])
			g->width[cell] = cell_columns(text, n);
		if (cell >= g->columns) g->columns = cell + 1;
	}
	if (g->rows > ROWS) g->rows = ROWS;
	return line;
}

/* Cells of the last column are filled, the others have the width that they need. */
static const char *show_table(struct pen *p, const char *line)
{
	struct grid g = { 0 };
	const char *end = read_grid(line, &g);

	for (size_t row = 0; row < g.rows; row++) {
		size_t at = 0;

		for (size_t cell = 0; cell < g.columns; cell++) {
			if (p->column < at) put_blanks(p, at - p->column);
			p->indent = at;
			if (g.cell[row][cell]) fill(p, g.cell[row][cell], g.len[row][cell]);
			at += g.width[cell] + 2;
		}
		end_line(p);
	}
	return end;
}

/* -- pages -- */

static const char *show_block(struct pen *p, const char *line, size_t *number)
{
	if (is_literal(line)) return show_literal(p, line);
	if (*line == '#') return show_heading(p, line);
	if (is_table(line)) return show_table(p, line);
	return show_paragraph(p, line, number);
}

void markup_show(struct str *out, const char *page, const struct markup_style *style)
{
	struct pen p = { .out = out, .style = style };
	size_t number = 0;
	bool gap = false;

	for (const char *line = line_after(page); *line;) {
		if (is_blank(line) || *line == ';') {
			gap |= is_blank(line);
			line = line_after(line);
			continue;
		}
		if (gap && out->len) end_line(&p);
		gap = false;
		line = show_block(&p, line, &number);
	}
}

void markup_escape(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("*_\\#;`[]|:.-+", *text)) str_addc(out, '\\');
		str_addc(out, *text);
	}
}

const char *markup_brief(struct arena *m, const char *page)
{
	const char *name = strstr(page, "# NAME\n"), *dash = name ? strstr(name, " - ") : NULL;

	if (!dash) return "";
	dash += strlen(" - ");
	return arena_strndup(m, dash, strcspn(dash, "\n"));
}
