//! Drawings of the way through a device's settings, made from the instruction's own words.
//!
//! A drawing says nothing that the text beside it does not say: it is hidden from screen readers. Colours come from the
//! style sheet by classes, so that it is right in the dark and on paper.

use crate::drawing::path::{Switch, Way};

mod path;

/// On what the way is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Frame {
    Phone,
    Window,
}

/// Sizes in units of the drawing; its width is [`WIDTH`].
const WIDTH: u32 = 320;
const LEFT: u32 = 10;
const INNER: u32 = WIDTH - 2 * LEFT;
const HEAD: u32 = 26;
const ROOT: u32 = 92;
const ROW: u32 = 44;
const GHOST: u32 = 22;
/// The room for a label in a row.
const LABEL: u32 = 204;

/// The drawing of the way that an instruction names, as an `svg` element; nothing where it names none.
///
/// `device` is an id of the taxonomy.
pub(crate) fn drawing(instruction: &str, device: &str) -> Option<String> {
    let way = path::way(instruction)?;
    let frame = match device {
        "mac" | "windows" | "linux" => Frame::Window,
        "iphone" | "ipad" | "android" => Frame::Phone,
        _ if way.is_of_a_computer() => Frame::Window,
        _ => Frame::Phone,
    };
    Some(drawn(&way, frame))
}

fn drawn(way: &Way, frame: Frame) -> String {
    let top = if frame == Frame::Phone { 18 } else { 0 };
    let mut body = String::new();
    let mut y = top;
    y += root(way, frame, y, &mut body);
    for (place, stop) in way.stops.iter().enumerate() {
        let title = if place == 0 { &way.root } else { &way.stops[place - 1] };
        y += heading(title, y, &mut body);
        y += ghost(y, 150 - u32::try_from(place % 3).unwrap_or(0) * 30, &mut body);
        y += row(stop, None, y, &mut body);
    }
    if let Some(Switch { label, on }) = &way.switch {
        y += heading(way.stops.last().unwrap_or(&way.root), y, &mut body);
        y += row(label, Some(*on), y, &mut body);
    }
    y += ghost(y, 110, &mut body) + 12;
    let radius = if frame == Frame::Phone { 26 } else { 8 };
    let mut out = format!(
        "<svg class=\"drawing\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" aria-hidden=\"true\" focusable=\"false\">\
         <rect class=\"d-frame\" x=\"{x}\" y=\"1\" width=\"{w}\" height=\"{h}\" rx=\"{radius}\"/>",
        x = LEFT - 2,
        w = INNER + 4,
        h = y - 2,
    );
    if frame == Frame::Phone {
        out.push_str("<rect class=\"d-ghost\" x=\"130\" y=\"9\" width=\"60\" height=\"6\" rx=\"3\"/>");
    }
    out.push_str(&body);
    out.push_str("</svg>");
    out
}

/// Where the way begins: the symbol among others, or the window's bar.
fn root(way: &Way, frame: Frame, y: u32, out: &mut String) -> u32 {
    match frame {
        Frame::Phone => {
            for place in 0..4 {
                let x = 34 + place * 68;
                let hit = place == 1;
                let class = if hit { "d-hit" } else { "d-ghost" };
                out.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"46\" height=\"46\" rx=\"11\"/>",
                    y + 10
                ));
            }
            if way.begins_in_settings() {
                gear(125, y + 33, out);
            }
            tap(148, y + 54, out);
            text("d-label d-centre", 125, y + 76, 13, &way.root, out);
        }
        Frame::Window => {
            for place in 0..3 {
                out.push_str(&format!(
                    "<circle class=\"d-ghost\" cx=\"{}\" cy=\"{}\" r=\"5\"/>",
                    26 + place * 16,
                    y + 18
                ));
            }
            out.push_str(&format!(
                "<rect class=\"d-hit\" x=\"90\" y=\"{}\" width=\"46\" height=\"46\" rx=\"11\"/>",
                y + 32
            ));
            if way.begins_in_settings() {
                gear(113, y + 55, out);
            }
            tap(134, y + 76, out);
            text("d-label", 148, y + 60, 15, &way.root, out);
        }
    }
    ROOT
}

fn heading(title: &str, y: u32, out: &mut String) -> u32 {
    out.push_str(&format!(
        "<path class=\"d-line\" d=\"M{LEFT} {y}h{INNER}\"/><path class=\"d-chevron\" d=\"m30 {} -5 5 5 5\"/>",
        y + 9
    ));
    text("d-title d-centre", WIDTH / 2, y + 19, 13, title, out);
    HEAD
}

fn ghost(y: u32, width: u32, out: &mut String) -> u32 {
    out.push_str(&format!(
        "<rect class=\"d-ghost\" x=\"52\" y=\"{}\" width=\"{width}\" height=\"8\" rx=\"4\"/>",
        y + 7
    ));
    GHOST
}

/// The row to tap; with a switch where it has one.
fn row(label: &str, switch: Option<bool>, y: u32, out: &mut String) -> u32 {
    out.push_str(&format!(
        "<rect class=\"d-row\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{ROW}\" rx=\"10\"/>",
        LEFT + 8,
        INNER - 16
    ));
    tap(38, y + ROW / 2, out);
    let lines = wrapped(label);
    match lines.as_slice() {
        [one] => text("d-label", 58, y + 28, 15, one, out),
        many => {
            for (place, line) in (0..).zip(many) {
                text("d-label", 58, y + 19 + place * 16, 13, line, out);
            }
        }
    }
    match switch {
        None => out.push_str(&format!("<path class=\"d-chevron\" d=\"m282 {} 6 6 -6 6\"/>", y + 16)),
        Some(on) => out.push_str(&format!(
            "<rect class=\"{}\" x=\"250\" y=\"{}\" width=\"40\" height=\"24\" rx=\"12\"/><circle class=\"d-knob\" cx=\"{}\" cy=\"{}\" r=\"9\"/>",
            if on { "d-hit" } else { "d-off" },
            y + 10,
            if on { 278 } else { 262 },
            y + 22
        )),
    }
    ROW
}

/// "Tap here": a finger's print with a ring around it.
fn tap(x: u32, y: u32, out: &mut String) {
    out.push_str(&format!(
        "<circle class=\"d-badge\" cx=\"{x}\" cy=\"{y}\" r=\"11\"/><circle class=\"d-tap\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>"
    ));
}

/// A toothed wheel.
fn gear(x: u32, y: u32, out: &mut String) {
    out.push_str(&format!(
        "<circle class=\"d-teeth\" cx=\"{x}\" cy=\"{y}\" r=\"13\"/><circle class=\"d-wheel\" cx=\"{x}\" cy=\"{y}\" r=\"9\"/>"
    ));
}

fn text(class: &str, x: u32, y: u32, size: u32, text: &str, out: &mut String) {
    out.push_str(&format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\">"));
    escape(text, out);
    out.push_str("</text>");
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// A label in at most two lines; what does not fit ends in "…".
fn wrapped(label: &str) -> Vec<String> {
    if width(label, 15) <= LABEL {
        return vec![label.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in pieces(label) {
        let at = lines.len() - 1;
        if width(&lines[at], 13) + width(&word, 13) <= LABEL {
            lines[at].push_str(&word);
        } else if at == 0 {
            lines.push(word.trim_start().to_owned());
        } else {
            lines[at].push('…');
            break;
        }
    }
    lines
}

/// Where a label may be broken: before a space in Latin script, anywhere in Japanese.
fn pieces(label: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in label.chars() {
        match pieces.last_mut() {
            Some(last) if c.is_ascii() && c != ' ' && last.ends_with(|before: char| before.is_ascii()) => {
                last.push(c);
            }
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// About how wide a text is: Japanese characters are square, Latin letters a little more than half as wide.
fn width(text: &str, size: u32) -> u32 {
    text.chars().map(|c| if c.is_ascii() { size * 56 / 100 } else { size }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_drawn_with_the_row_to_tap_and_its_switch() {
        let svg =
            drawing("「設定」→「一般」→「日付と時刻」で「自動設定」をオンにします。", "iphone").unwrap();
        assert!(svg.starts_with("<svg class=\"drawing\"") && svg.ends_with("</svg>"));
        assert!(svg.contains("aria-hidden=\"true\""));
        for label in ["設定", "一般", "日付と時刻", "自動設定"] {
            assert!(svg.contains(&format!(">{label}</text>")), "{label}");
        }
        assert_eq!(svg.matches("d-row").count(), 3);
        assert!(svg.contains("d-knob"));
        assert!(!svg.contains("style="));
        assert!(svg.len() < 6000, "{} bytes", svg.len());
        assert_eq!(
            svg,
            drawing("「設定」→「一般」→「日付と時刻」で「自動設定」をオンにします。", "iphone").unwrap()
        );
    }

    #[test]
    fn what_names_no_way_is_not_drawn_and_nothing_gets_out_of_the_text() {
        assert_eq!(drawing("再起動します。", "iphone"), None);
        let svg = drawing("「設定」→「<script>&」を開きます。", "unknown").unwrap();
        assert!(svg.contains("&lt;script&gt;&amp;"));
    }

    #[test]
    fn long_labels_take_two_lines() {
        let lines = wrapped("転送またはiPhoneをリセットするための画面");
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.concat(), "転送またはiPhoneをリセットするための画面");
        let cut = wrapped(&"長い".repeat(40));
        assert!(cut.len() == 2 && cut[1].ends_with('…'));
    }
}
