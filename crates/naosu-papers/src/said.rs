//! Figures and closed words as a person reads them.

use naosu_core::knowledge::{Every, Knowledge, Lang, Risk};

use crate::pick;

/// How long something takes.
pub fn minutes(minutes: f64, lang: Lang) -> String {
    let whole = minutes.ceil().max(1.0);
    if whole >= 90.0 {
        let hours = (minutes / 60.0).round();
        return pick(lang, format!("about {hours} hours"), format!("約{hours}時間"));
    }
    match lang {
        Lang::En if whole <= 1.0 => "about a minute".to_owned(),
        Lang::En => format!("about {whole} minutes"),
        Lang::Ja => format!("約{whole}分"),
    }
}

/// What something can cost besides time.
pub fn risk(risk: Risk, lang: Lang) -> Option<&'static str> {
    match risk {
        Risk::None => None,
        Risk::Interrupts => Some(pick(lang, "Something stops for a while", "しばらく使えないものがあります")),
        Risk::LosesSettings => Some(pick(lang, "Settings are erased", "消える設定があります")),
        Risk::LosesData => Some(pick(lang, "Data can be lost", "データが消えることがあります")),
        Risk::Irreversible => Some(pick(lang, "This cannot be taken back", "元に戻せません")),
    }
}

/// How often something is looked at.
pub fn every(every: Every, lang: Lang) -> &'static str {
    match every {
        Every::Time => pick(lang, "each time", "毎回"),
        Every::Week => pick(lang, "every week", "毎週"),
        Every::Month => pick(lang, "every month", "毎月"),
        Every::Quarter => pick(lang, "every three months", "3か月ごと"),
        Every::Year => pick(lang, "every year", "毎年"),
        Every::Change => pick(lang, "after a change", "変えたとき"),
    }
}

/// A cause's name as the beginning of a line.
pub fn cause_name(knowledge: &Knowledge, id: &str, lang: Lang) -> String {
    let cause = knowledge.taxonomy.cause.get(id);
    capital(cause.map_or(id, |cause| pick(lang, cause.en.as_str(), cause.ja.as_str())))
}

/// A text as the beginning of a line; names such as iMessage stay as they are.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    if text.chars().nth(1).is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    chars.next().map(|first| first.to_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_a_capital_unless_a_name_does_not() {
        assert_eq!(capital("the password is wrong"), "The password is wrong");
        assert_eq!(capital("iMessage cannot reach Apple"), "iMessage cannot reach Apple");
        assert_eq!(capital("i"), "I");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn a_time_is_said_in_words() {
        assert_eq!(minutes(0.3, Lang::En), "about a minute");
        assert_eq!(minutes(3.0, Lang::Ja), "約3分");
        assert_eq!(minutes(10.0, Lang::En), "about 10 minutes");
        assert_eq!(minutes(120.0, Lang::Ja), "約2時間");
        assert_eq!(minutes(4320.0, Lang::En), "about 72 hours");
    }
}
