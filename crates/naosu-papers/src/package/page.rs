//! The package as a page to read and print: one file, nothing loaded from elsewhere, no script.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use naosu_core::knowledge::Knowledge;

use super::Package;
use super::content::sections;
use super::letter::letters;
use crate::pick;

const STYLE: &str = "\
body{font:16px/1.6 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}\
td,th{text-align:start;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #767676;overflow-wrap:anywhere}\
th{font-weight:600;width:30%}\
.bad{color:#a40000;font-weight:600}\
.letter{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #767676;padding:1rem}\
figure{margin:1rem 0}img{max-width:100%;height:auto;border:1px solid #767676}\
@page{margin:18mm}\
@media print{body{margin:0;max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}tr,figure{break-inside:avoid}\
img{max-height:200mm}}";

/// The page as HTML; everything from outside is escaped.
pub(super) fn page(knowledge: &Knowledge, package: &Package) -> String {
    let (id, lang) = (package.id, package.lang);
    let title = escaped(&pick(lang, format!("Trouble report {id}"), format!("不具合の報告 {id}")));
    let code = pick(lang, "en", "ja");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    let wrong = pick(lang, "not working", "異常");
    let mut part = 0;
    // writing to a String cannot fail
    let mut open = |out: &mut String, heading: &str| {
        part += 1;
        let heading = escaped(heading);
        let _ =
            writeln!(out, "<section aria-labelledby=\"part-{part}\">\n<h2 id=\"part-{part}\">{heading}</h2>");
    };
    for section in sections(knowledge, package) {
        open(&mut out, &section.heading);
        out.push_str("<table>\n<tbody>\n");
        for row in section.rows {
            // told in words too: colour alone does not reach everybody
            let (class, mark) =
                if row.bad { (" class=\"bad\"", format!("✗ {wrong}: ")) } else { ("", String::new()) };
            let (head, text) = (escaped(&row.head), escaped(&row.text));
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\">{head}</th><td{class}>{mark}<bdi>{text}</bdi></td></tr>"
            );
        }
        out.push_str("</tbody>\n</table>\n</section>\n");
    }
    if !package.pictures.is_empty() {
        open(&mut out, pick(lang, "Screenshots", "画面の写真"));
        for (index, picture) in package.pictures.iter().enumerate() {
            let number = index + 1;
            let (media, width, height) = (picture.media, picture.width, picture.height);
            let data = STANDARD.encode(&picture.bytes);
            let name = pick(lang, format!("Screenshot {number}"), format!("画像 {number}"));
            let alt = pick(
                lang,
                format!("Screenshot {number} that the person attached"),
                format!("利用者が添付した画像 {number}"),
            );
            let _ = writeln!(
                out,
                "<figure><img src=\"data:{media};base64,{data}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\">\
                 <figcaption>{name}</figcaption></figure>"
            );
        }
        out.push_str("</section>\n");
    }
    for letter in letters(knowledge, package) {
        let heading = match (letter.lang == lang, lang) {
            (true, _) => pick(lang, "Letter to support", "サポートへの文面"),
            (false, _) => pick(lang, "The same in Japanese", "英語の文面"),
        };
        open(&mut out, heading);
        let (language, text) = (pick(letter.lang, "en", "ja"), escaped(&letter.text).replace("<br>", "\n"));
        let _ =
            writeln!(out, "<div class=\"letter\" lang=\"{language}\" dir=\"auto\">{text}</div>\n</section>");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The text as HTML. Control characters go; marks that turn the direction of writing, with which a text can be made to
/// read as another one, are shown as what they are.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup_and_nothing_turns_the_text() {
        assert_eq!(
            escaped("<img src=x onerror='a()'>&amp;\"\u{202e}gpj.exe\u{0007}\nنعم"),
            "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;amp;&quot;[U+202E]gpj.exe<br>نعم"
        );
    }
}
