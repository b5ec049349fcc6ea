//! Charts as SVG, drawn here: their colours are classes of the style sheet, so that they follow light and dark. Each has a
//! table with the same numbers beside it on the page, and says so to a reader that cannot see it.

use crate::statistics::as_number;

/// Width of a chart, in its own units; the page scales it.
const WIDTH: f64 = 640.0;

/// Height of columns.
const HEIGHT: f64 = 180.0;

/// Height of the line of labels below the columns.
const LABELS: f64 = 22.0;

/// Height of a bar with the space below it.
const BAR: f64 = 26.0;

/// Where bars begin, after their names.
const NAMES: f64 = 220.0;

/// A column or bar: its name, and its parts from the first to the last.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) parts: Vec<usize>,
}

/// Columns side by side, each stacked from its parts.
pub(super) fn columns(title: &str, rows: &[Row]) -> String {
    let most = rows.iter().map(|row| row.parts.iter().sum::<usize>()).max().unwrap_or(0).max(1);
    let step = WIDTH / as_number(rows.len().max(1));
    let mut out = opening(title, HEIGHT + LABELS);
    for (place, row) in rows.iter().enumerate() {
        let left = step * as_number(place);
        let mut top = HEIGHT;
        for (part, count) in row.parts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = HEIGHT * as_number(*count) / as_number(most);
            top -= height;
            rect(&mut out, part, [left + step * 0.12, top, step * 0.76, height]);
        }
        let middle = left + step / 2.0;
        let (low, name) = (HEIGHT + LABELS - 6.0, escaped(&row.name));
        out.push_str(&format!("<text x=\"{middle:.1}\" y=\"{low:.1}\" text-anchor=\"middle\">{name}</text>"));
    }
    out.push_str("</svg>");
    out
}

/// Bars below each other, each part of a row a bar of its own, with `value` as its text.
pub(super) fn bars(title: &str, rows: &[Row], value: impl Fn(usize) -> String) -> String {
    let most = rows.iter().flat_map(|row| &row.parts).copied().max().unwrap_or(0).max(1);
    let lines: usize = rows.iter().map(|row| row.parts.len()).sum();
    let mut out = opening(title, BAR * as_number(lines.max(1)));
    let mut line = 0.0;
    for row in rows {
        let (y, name) = (line + BAR * 0.62, escaped(&short(&row.name)));
        out.push_str(&format!("<text x=\"0\" y=\"{y:.1}\">{name}</text>"));
        for (part, count) in row.parts.iter().enumerate() {
            let width = (WIDTH - NAMES - 70.0) * as_number(*count) / as_number(most);
            rect(&mut out, part, [NAMES, line + 3.0, width, BAR - 8.0]);
            let (x, y, text) = (NAMES + width + 6.0, line + BAR * 0.62, escaped(&value(*count)));
            out.push_str(&format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
            line += BAR;
        }
    }
    out.push_str("</svg>");
    out
}

fn opening(title: &str, height: f64) -> String {
    let title = escaped(title);
    format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\">")
}

fn rect(out: &mut String, part: usize, [x, y, width, height]: [f64; 4]) {
    let class = part.min(7);
    out.push_str(&format!("<rect class=\"p{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\"/>"));
}

/// A name that fits before the bars; Japanese letters are twice as wide.
fn short(name: &str) -> String {
    let mut width = 0;
    let mut out = String::new();
    for letter in name.chars() {
        width += if letter.is_ascii() { 1 } else { 2 };
        if width > 26 {
            out.push('…');
            break;
        }
        out.push(letter);
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_the_highest_fills_the_chart() {
        let rows = [
            Row { name: "<b>".to_owned(), parts: vec![1, 1] },
            Row { name: "x".to_owned(), parts: vec![4, 0] },
        ];
        let chart = columns("a \"b\"", &rows);
        assert!(chart.contains("&lt;b&gt;") && chart.contains("aria-label=\"a &quot;b&quot;\""));
        assert!(chart.contains("height=\"180.0\""), "{chart}");
        assert_eq!(chart.matches("<rect").count(), 3, "nothing is drawn for nothing");
        assert!(bars("t", &rows, |count| count.to_string()).contains(">4</text>"));
        assert!(columns("t", &[]).ends_with("</svg>"));
    }
}
