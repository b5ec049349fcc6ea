//! The package as a page to read and print: one file, nothing loaded from elsewhere, no script.

use std::fmt::Write;

use naosu_core::case::history::told;
use naosu_core::case::{Event, What};
use naosu_core::diagnosis::{diagnose, state};
use naosu_core::evidence::Request;
use naosu_core::intake::recognise;
use naosu_core::knowledge::{Knowledge, Lang, State};
use naosu_core::sentence::{sentence, variable_name};

use crate::cmd::case::told::time;
use crate::language::pick;
use crate::render::name::name;

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd}th{font-weight:600;white-space:nowrap}\
.bad{color:#a40000}@media print{body{margin:0}}";

/// A heading with rows of name and value.
type Section = (String, Vec<(String, String, bool)>);

/// The page as HTML; everything from outside is escaped.
pub(super) fn page(knowledge: &Knowledge, id: i64, events: &[Event], lang: Lang) -> String {
    let title = pick(lang, format!("Trouble report {id}"), format!("不具合の報告 {id}"));
    let code = pick(lang, "en", "ja");
    let title = escaped(&title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for (heading, rows) in sections(knowledge, events, lang) {
        // writing to a String cannot fail
        let _ = writeln!(out, "<h2>{}</h2>\n<table>", escaped(&heading));
        for (head, text, bad) in rows {
            let class = if bad { " class=\"bad\"" } else { "" };
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td{class}>{}</td></tr>",
                escaped(&head),
                escaped(&text)
            );
        }
        out.push_str("</table>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// The same as plain text, to look at before it is given away.
pub(super) fn plain(knowledge: &Knowledge, events: &[Event], lang: Lang) -> String {
    let mut out = String::new();
    for (heading, rows) in sections(knowledge, events, lang) {
        out.push_str(&format!("\n{heading}\n"));
        for (head, text, _) in rows {
            out.push_str(&format!("  {head}: {text}\n"));
        }
    }
    out
}

fn sections(knowledge: &Knowledge, events: &[Event], lang: Lang) -> Vec<Section> {
    let heading = |en: &str, ja: &str| pick(lang, en, ja).to_owned();
    let mut sections = Vec::new();
    if let Some(What::Opened(opening)) = events.first().map(|event| &event.what) {
        sections.push((heading("The account", "アカウント"), account(knowledge, &opening.request, lang)));
    }
    let history =
        events.iter().map(|event| (time(event.at), told(knowledge, &event.what, lang), false)).collect();
    sections.push((heading("What was tried, and when", "試したことと日時"), history));
    if let Some(evidence) = super::last(events) {
        let diagnosis = diagnose(knowledge, evidence);
        let causes = diagnosis.causes.iter().take(3).map(|ranked| {
            let known = knowledge.taxonomy.cause.get(&ranked.id);
            let name =
                known.map_or(ranked.id.as_str(), |cause| pick(lang, cause.en.as_str(), cause.ja.as_str()));
            (format!("{:.0} %", ranked.probability * 100.0), name.to_owned(), false)
        });
        sections.push((heading("Likely causes", "考えられる原因"), causes.collect()));
        let seen = evidence.observations.iter().map(|observation| {
            let bad = state(knowledge, &observation.variable, &observation.outcome) == Some(State::Bad);
            let head = variable_name(knowledge, &observation.variable, lang).to_owned();
            (head, sentence(knowledge, observation, lang, None), bad)
        });
        let measured = pick(
            lang,
            format!("Measured on {} (UTC)", evidence.started),
            format!("測定結果({} UTC)", evidence.started),
        );
        sections.push((measured, seen.collect()));
    }
    sections.retain(|(_, rows): &Section| !rows.is_empty());
    sections
}

/// What support asks first: which account, which device, the exact message.
fn account(knowledge: &Knowledge, request: &Request, lang: Lang) -> Vec<(String, String, bool)> {
    let found = request.words.as_deref().map(|words| recognise(knowledge, words));
    let said = |given: &Option<String>, of: fn(&naosu_core::intake::Recognised) -> &str| {
        let value = given.as_deref().or(found.as_ref().map(of)).filter(|value| *value != "unknown");
        value.map(|value| name(value, lang).to_owned())
    };
    let rows = [
        ("Address", "アドレス", request.address.clone()),
        ("Sign-in name", "ユーザ名", request.user.clone()),
        ("Service", "サービス", said(&request.service, |found| &found.service)),
        ("Device", "端末", said(&request.device, |found| &found.device)),
        ("Mail program", "メールソフト", said(&request.client, |found| &found.client)),
        ("In the person's words", "利用者の言葉", request.words.clone()),
    ];
    rows.into_iter()
        .filter_map(|(en, ja, value)| Some((pick(lang, en, ja).to_owned(), value?, false)))
        .collect()
}

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
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
