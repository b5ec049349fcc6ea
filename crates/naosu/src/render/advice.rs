//! What words say, as a person reads it: what was understood, what is likely, what to do first, what would prove it.

use naosu_core::intake::{Recognised, Scored};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::step::NextStep;

use super::page::{Page, Tone, padded};
use crate::language::pick;
use naosu_core::name::name;
use naosu_papers::moment;

/// A second symptom is shown from this probability on.
const SECOND: f64 = 0.2;
/// Causes are shown from this probability on.
const LIKELY: f64 = 0.05;
/// At most that many causes are shown.
const CAUSES: usize = 3;
/// A message is shown from this strength on.
const QUOTED: f64 = 0.5;

/// What is shown, and how.
pub(crate) struct Advice<'a> {
    /// Names and texts.
    pub(crate) knowledge: &'a Knowledge,
    /// What was recognised.
    pub(crate) found: &'a Recognised,
    /// What to do first.
    pub(crate) next: Option<&'a NextStep>,
    /// What was read in a picture, where there was one.
    pub(crate) read: Option<&'a str>,
    /// In which language.
    pub(crate) lang: Lang,
    /// On which page.
    pub(crate) page: Page,
}

/// The advice as text.
pub(crate) fn advice(advice: &Advice<'_>) -> String {
    let found = advice.found;
    let mut out = String::new();
    if let Some(read) = advice.read {
        let lines: Vec<&str> = read.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        out.push_str(&advice.block(Tone::Quiet, "Read", "画像の文", &lines.join(" / ")));
    }
    let nothing = found.phrases.is_empty() && found.messages.is_empty();
    if nothing {
        let text = pick(
            advice.lang,
            "I recognise nothing in these words. Write the message exactly as the screen shows it, and what you were doing (receive, send, sign in).",
            "この言葉からは何も分かりませんでした。画面のメッセージをそのままと、何をしたとき(受信・送信・サインイン)かを書いてください。",
        );
        out.push_str(&advice.block(Tone::Note, "Result", "結果", text));
    } else {
        out.push_str(&advice.understood());
        out.push_str(&advice.causes());
        out.push_str(&advice.next());
    }
    out.push_str(&advice.measure(nothing));
    out
}

impl Advice<'_> {
    fn understood(&self) -> String {
        let mut out = String::new();
        let symptoms: Vec<String> = self
            .found
            .symptom
            .iter()
            .enumerate()
            .filter(|(place, scored)| *place == 0 || (*place == 1 && scored.p >= SECOND))
            .map(|(_, scored)| format!("{} ({} %)", self.symptom(&scored.id), percent(scored.p)))
            .collect();
        out.push_str(&self.block(
            Tone::Strong,
            "Trouble",
            "症状",
            &symptoms.join(pick(self.lang, ", or ", "、または ")),
        ));
        if let Some(message) = self.message() {
            out.push_str(&self.block(Tone::Quiet, "Message", "表示", &message));
        }
        let at: Vec<&str> = [&self.found.service, &self.found.device, &self.found.client]
            .into_iter()
            .filter(|value| *value != "unknown")
            .map(|value| name(value, self.lang))
            .collect();
        if !at.is_empty() {
            out.push_str(&self.block(Tone::Quiet, "With", "対象", &at.join(" · ")));
        }
        out.push('\n');
        out
    }

    /// The strongest known message that was quoted, with who says it.
    fn message(&self) -> Option<String> {
        let matched = self.found.messages.first().filter(|matched| matched.strength >= QUOTED)?;
        let client = self.knowledge.words().client_errors.get(&matched.client)?;
        let message = client.message.iter().find(|message| message.id == matched.id)?;
        let text = pick(
            self.lang,
            message.en.first().or(message.ja.first()),
            message.ja.first().or(message.en.first()),
        );
        let text = text.or(message.code.first())?;
        let from = client.name.get(self.lang);
        Some(pick(self.lang, format!("\"{text}\" ({from})"), format!("「{text}」({from})")))
    }

    fn causes(&self) -> String {
        let mut out = String::new();
        for (place, Scored { id, p }) in
            self.found.cause.iter().filter(|scored| scored.p >= LIKELY).take(CAUSES).enumerate()
        {
            let label = if place == 0 { ("Likely", "考えられる原因") } else { ("", "") };
            let text = format!("{} ({} %)", self.cause(id), percent(*p));
            out.push_str(&self.block(Tone::Strong, label.0, label.1, &text));
        }
        out
    }

    fn next(&self) -> String {
        let Some(next) = self.next else { return String::new() };
        let minutes = moment::minutes(next.minutes, self.lang);
        let title =
            pick(self.lang, format!("{} ({minutes})", next.title), format!("{}({minutes})", next.title));
        let mut out = self.block(Tone::Strong, "Try first", "まず", &title);
        let columns = self.columns();
        // what can be answered stands behind the instructions with its id, which is for programs
        let how = &next.instructions[..next.instructions.len().saturating_sub(next.options.len())];
        let options = next.options.iter().map(|option| &option.text);
        for (index, text) in how.iter().chain(options).enumerate() {
            let head = format!("{}{}. ", " ".repeat(columns), index + 1);
            out.push_str(&self.page.hanging(&head, columns + 3, text));
        }
        out
    }

    /// What a check would prove of what the words leave open.
    fn measure(&self, nothing: bool) -> String {
        let likely: Vec<&Scored> =
            self.found.cause.iter().filter(|scored| scored.p >= LIKELY).take(CAUSES).collect();
        let of = |machine: &str| {
            let known = &self.knowledge.taxonomy.cause;
            let names: Vec<&str> = likely
                .iter()
                .filter(|scored| known.get(&scored.id).is_some_and(|cause| cause.machine == machine))
                .map(|scored| self.cause(&scored.id))
                .collect();
            (!nothing && !names.is_empty()).then(|| names.join(pick(self.lang, "; ", "、")))
        };
        let mut text = pick(
            self.lang,
            "These are words, not measurements. To measure: naosu check ADDRESS \"…\".",
            "言葉だけからの見立てで、測定はしていません。測るには: naosu check アドレス \"…\"。",
        )
        .to_owned();
        for (names, en, ja) in [
            (of("yes"), "It can prove or rule out:", "測定で確かめられるもの:"),
            (of("partly"), "It can narrow down:", "測定で絞り込めるもの:"),
            (of("no"), "Only you can tell:", "測定では分からないもの:"),
        ] {
            if let Some(names) = names {
                text.push_str(&pick(self.lang, format!(" {en} {names}."), format!("{ja}{names}。")));
            }
        }
        String::from("\n") + &self.block(Tone::Quiet, "Proof", "確かめる", &text)
    }

    fn symptom<'a>(&'a self, id: &'a str) -> &'a str {
        self.knowledge.words().symptoms.get(id).map_or(id, |symptom| symptom.name.get(self.lang))
    }

    fn cause<'a>(&'a self, id: &'a str) -> &'a str {
        self.knowledge
            .taxonomy
            .cause
            .get(id)
            .map_or(id, |cause| pick(self.lang, &cause.en, &cause.ja).as_str())
    }

    fn block(&self, tone: Tone, en: &str, ja: &str, text: &str) -> String {
        let columns = self.columns();
        let label = padded(pick(self.lang, en, ja), columns);
        self.page.hanging(&self.page.paint(tone, &label), columns, text)
    }

    fn columns(&self) -> usize {
        pick(self.lang, 11, 16)
    }
}

/// As a person writes it; what is not certain is not called certain.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 99")]
fn percent(p: f64) -> u8 {
    (p * 100.0).round().clamp(1.0, 99.0) as u8
}
