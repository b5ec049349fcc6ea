//! The same message in English and in Japanese is the same thing, however it is quoted or typed.
//!
//! `knowledge/corpus/messages.tsv` holds what well-known mail programs say, in their own translations.

use std::sync::OnceLock;

use naosu_core::intake::{Recognised, recognise};
use naosu_core::knowledge::{Knowledge, embedded};

/// A message of a program in both languages.
struct Pair {
    client: &'static str,
    en: &'static str,
    ja: &'static str,
    symptom: &'static str,
}

/// Probability from which a cause counts as named.
const NAMED: f64 = 0.4;

/// What stands where the programs put names and numbers.
const VALUES: [&str; 4] = ["imap.example.jp", "taro@example.jp", "mail.example.com", "INBOX"];

fn knowledge() -> &'static Knowledge {
    static LOADED: OnceLock<Knowledge> = OnceLock::new();
    LOADED.get_or_init(|| Knowledge::load(&embedded()).unwrap())
}

fn pairs() -> Vec<Pair> {
    let table = include_str!("../../../../knowledge/corpus/messages.tsv");
    let row = |line: &'static str| {
        let [client, _, en, ja, symptom, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        Pair { client, en, ja, symptom }
    };
    table.lines().skip(1).map(row).collect()
}

/// The message as it is on a screen.
fn shown(template: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    let mut count = 0;
    while let Some(at) = rest.find(['%', '{', '$']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '$' | '.');
        let length = match from.as_bytes()[0] {
            b'{' => from.find('}').map_or(1, |end| end + 1),
            b'$' => 1 + from[1..].find(|letter| !name(letter)).unwrap_or(from.len() - 1),
            _ => {
                let digits = from[1..].find(|c: char| !c.is_ascii_digit() && !matches!(c, '$' | '.'));
                let digits = 1 + digits.unwrap_or(from.len() - 1);
                digits + usize::from(from[digits..].starts_with(['@', 'S', 's', 'd', 'i', 'u', 'c', 'C']))
            }
        };
        let numbered = from[1..].chars().next().and_then(|digit| digit.to_digit(10));
        let place = numbered.and_then(|number| usize::try_from(number).ok()?.checked_sub(1)).unwrap_or(count);
        count += 1;
        text.push_str(if from[..length].ends_with('d') { "993" } else { VALUES[place % VALUES.len()] });
        rest = &from[length..];
    }
    text + rest
}

/// A way in which people pass a message on, in English and in Japanese.
type Way = (&'static str, fn(&str) -> String, fn(&str) -> String);

const WAYS: [Way; 5] = [
    ("as it is shown", |en| shown(en), |ja| shown(ja)),
    ("as a template", str::to_owned, str::to_owned),
    (
        "in a sentence",
        |en| format!("I get '{}' since yesterday", shown(en)),
        |ja| format!("昨日から『{}』と出ます", shown(ja)),
    ),
    (
        "in a question",
        |en| format!("My mail app says “{}” and I don't know what to do. Please help.", shown(en)),
        |ja| format!("メールアプリで「{}」と表示されて困っています。どうすればいいでしょうか", shown(ja)),
    ),
    ("typed badly", |en| carelessly(&shown(en)), |ja| carelessly(&shown(ja))),
];

/// No punctuation, no capitals, no spaces between Japanese words, wide letters, no ー at the end of words.
fn carelessly(text: &str) -> String {
    let japanese = text.chars().any(|letter| ('\u{3041}'..='\u{9fff}').contains(&letter));
    let kept: String = text
        .chars()
        .filter(|letter| !matches!(letter, ',' | '!' | '?' | '"' | '\'' | '’' | '。' | '、' | '「' | '」'))
        .collect();
    if !japanese {
        return kept.trim_end_matches('.').replace(". ", " ").to_lowercase();
    }
    let wide = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            char::from_u32(u32::from(letter) + 0xfee0).unwrap()
        } else {
            letter
        }
    };
    let kept = kept.split_whitespace().collect::<String>();
    let kept = kept.replace("サーバー", "サーバ").replace("ユーザー", "ユーザ").replace("エラー", "エラ-");
    kept.replace("できません", "出来ません").chars().map(wide).collect()
}

/// How many pairs agree.
#[derive(Default)]
struct Agreement {
    pairs: usize,
    symptom: usize,
    right: usize,
    named: usize,
    cause: usize,
    differ: Vec<String>,
}

impl Agreement {
    fn add(&mut self, pair: &Pair, en: &Recognised, ja: &Recognised) {
        let symptoms = [&en.symptom[0].id, &ja.symptom[0].id];
        let causes = [&en.cause[0], &ja.cause[0]];
        self.pairs += 1;
        self.symptom += usize::from(symptoms[0] == symptoms[1]);
        self.right += usize::from(symptoms.iter().all(|id| *id == pair.symptom));
        if causes.iter().any(|cause| cause.p >= NAMED) {
            self.named += 1;
            self.cause += usize::from(causes[0].id == causes[1].id);
        }
        if symptoms[0] != symptoms[1] {
            self.differ.push(format!(
                "{}: {} is {}, {} is {}",
                pair.client, pair.en, symptoms[0], pair.ja, symptoms[1]
            ));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "some hundred pairs")]
    fn shares(&self) -> [f64; 3] {
        let share = |some: usize, all: usize| some as f64 / all.max(1) as f64;
        [share(self.symptom, self.pairs), share(self.right, self.pairs), share(self.cause, self.named)]
    }
}

#[test]
fn the_same_message_is_the_same_thing_in_both_languages() {
    for (way, in_english, in_japanese) in WAYS {
        let mut agreement = Agreement::default();
        for pair in pairs() {
            let en = recognise(knowledge(), &in_english(pair.en));
            let ja = recognise(knowledge(), &in_japanese(pair.ja));
            agreement.add(&pair, &en, &ja);
        }
        let [symptom, right, cause] = agreement.shares();
        let told = format!(
            "{way}: symptom {symptom:.3}, right {right:.3}, cause {cause:.3} of {}\n{}",
            agreement.named,
            agreement.differ.join("\n")
        );
        assert!(symptom >= FLOOR[0] && right >= FLOOR[1] && cause >= FLOOR[2], "{told}");
    }
}

/// Measured, less a little.
const FLOOR: [f64; 3] = [0.97, 0.96, 0.88];
