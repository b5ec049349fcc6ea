//! The way through the settings in an instruction: 「設定」→「一般」→…, or "Open Settings, General, …".

/// A way through the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Way {
    /// Where it begins.
    pub(super) root: String,
    /// What is tapped then, in order; at least one.
    pub(super) stops: Vec<String>,
    /// What is switched at its end.
    pub(super) switch: Option<Switch>,
}

/// A switch at the end of a way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Switch {
    pub(super) label: String,
    pub(super) on: bool,
}

/// Where ways begin that are drawn with a toothed wheel.
const SETTINGS: [&str; 6] =
    ["Settings", "System Settings", "設定", "システム設定", "システム環境設定", "コントロール パネル"];
/// Of these, and of others, the ones that only computers have.
const COMPUTER: [&str; 5] =
    ["System Settings", "Control Panel", "システム設定", "システム環境設定", "コントロール パネル"];
/// English ways begin with one of these only: a comma alone makes no way.
const ENGLISH: [&str; 3] = ["System Settings", "Settings", "Control Panel"];

/// The most that is drawn of a way.
const STOPS: usize = 6;
/// The longest label, in characters; longer is a sentence.
const LONGEST: usize = 40;

impl Way {
    pub(super) fn begins_in_settings(&self) -> bool {
        SETTINGS.contains(&self.root.as_str())
    }

    pub(super) fn is_of_a_computer(&self) -> bool {
        COMPUTER.contains(&self.root.as_str())
    }
}

/// The first way that an instruction names.
pub(super) fn way(instruction: &str) -> Option<Way> {
    japanese(instruction).or_else(|| english(instruction))
}

fn japanese(instruction: &str) -> Option<Way> {
    let (before, rest) = instruction.split_once("」→")?;
    let (_, root) = before.rsplit_once('「')?;
    let mut stops = Vec::new();
    let mut rest = rest;
    loop {
        let (label, after, goes_on) = stop(rest)?;
        stops.push(label);
        rest = after;
        if !goes_on || stops.len() == STOPS {
            break;
        }
    }
    let sentence = rest.split('。').next().unwrap_or_default();
    // what is in brackets is about other versions
    let sentence = sentence.split(['(', '(']).next().unwrap_or_default();
    Some(Way { root: root.to_owned(), switch: japanese_switch(sentence, &mut stops), stops })
}

/// The next stop, what comes after it, and whether an arrow follows.
fn stop(text: &str) -> Option<(String, &str, bool)> {
    let (label, rest) = if let Some(quoted) = text.strip_prefix('「') {
        let (label, rest) = quoted.split_once('」')?;
        (label, rest)
    } else {
        let end = text.find(['「', '→', 'を', 'で', '、', '。', '(']).unwrap_or(text.len());
        let (label, rest) = text.split_at(end);
        match rest.strip_prefix('「').filter(|_| label.ends_with('の')) {
            // 「ⓘ」 of a network
            Some(quoted) => quoted.split_once('」')?,
            None => (label, rest),
        }
    };
    if label.is_empty() || label.chars().count() > LONGEST {
        return None;
    }
    let beyond = match rest.strip_prefix('(') {
        Some(bracket) => bracket.split_once(')').map_or(rest, |(_, beyond)| beyond),
        None => rest,
    };
    Some(match beyond.strip_prefix('→') {
        Some(next) => (label.to_owned(), next, true),
        None => (label.to_owned(), rest, false),
    })
}

/// 「自動設定」をオンにします; or the last stop itself is the switch.
fn japanese_switch(sentence: &str, stops: &mut Vec<String>) -> Option<Switch> {
    let (on, off) = (sentence.find("をオン"), sentence.find("をオフ"));
    let at = on.into_iter().chain(off).min()?;
    let on = on == Some(at);
    let before = &sentence[..at];
    if before.is_empty() {
        // the last stop, where there is a way without it
        return (stops.len() > 1).then(|| Switch { label: stops.pop().expect("more than one"), on });
    }
    let (_, label) = before.strip_suffix('」')?.rsplit_once('「')?;
    Some(Switch { label: label.to_owned(), on })
}

fn english(instruction: &str) -> Option<Way> {
    let (root, rest) = ENGLISH.iter().find_map(|root| {
        let (before, rest) = instruction.split_once(&format!("{root}, "))?;
        (before.is_empty()
            || before.ends_with("Open ")
            || before.ends_with(": ")
            || before.ends_with("Choose "))
        .then_some((*root, rest))
    })?;
    let end = rest.find(['.', ';', '(', ':']).unwrap_or(rest.len());
    let mut pieces = rest[..end].split(", ");
    let mut stops: Vec<String> = Vec::new();
    let mut left = String::new();
    for piece in pieces.by_ref() {
        let (label, more) = label(piece);
        let starts_label = is_name(label) || ["your ", "the "].iter().any(|start| label.starts_with(start));
        if !starts_label || label.chars().count() > LONGEST || stops.len() == STOPS {
            piece.clone_into(&mut left);
            break;
        }
        stops.push(if is_name(label) { label.to_owned() } else { capital(label) });
        if let Some(more) = more {
            more.clone_into(&mut left);
            break;
        }
    }
    if stops.is_empty() {
        return None;
    }
    left.extend(pieces.flat_map(|piece| [", ", piece]));
    Some(Way { root: root.to_owned(), switch: english_switch(&left), stops })
}

/// Whether it begins like a name on a screen: "Mail", "iCloud".
fn is_name(label: &str) -> bool {
    let mut chars = label.chars();
    chars.next().is_some_and(|c| c.is_uppercase() || c == 'i' && chars.next().is_some_and(char::is_uppercase))
}

/// A piece without what follows its label: "Details beside the network", "Mail and turn".
fn label(piece: &str) -> (&str, Option<&str>) {
    for end in [" beside ", " below ", " and turn ", " and choose ", " and tap "] {
        if let Some((label, more)) = piece.split_once(end) {
            return (label, Some(more));
        }
    }
    (piece.trim(), None)
}

fn capital(label: &str) -> String {
    let mut chars = label.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// "and turn Set Automatically on".
fn english_switch(text: &str) -> Option<Switch> {
    let (_, rest) = text.split_once("turn ")?;
    for (end, on) in [(" on", true), (" off", false)] {
        let label =
            rest.strip_suffix(end).or_else(|| rest.split_once(&format!("{end} ")).map(|(label, _)| label));
        if let Some(label) = label
            && is_name(label)
            && label.chars().count() <= LONGEST
        {
            return Some(Switch { label: label.to_owned(), on });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(instruction: &str) -> String {
        let Some(way) = way(instruction) else { return String::new() };
        let switch = way.switch.map(|s| format!(" [{} {}]", s.label, if s.on { "on" } else { "off" }));
        format!("{} > {}{}", way.root, way.stops.join(" > "), switch.unwrap_or_default())
    }

    #[test]
    fn ways_are_found_in_japanese() {
        assert_eq!(
            told(
                "「設定」→「一般」→「日付と時刻」で「自動設定」をオンにします(オンなら一度オフにして戻します)。"
            ),
            "設定 > 一般 > 日付と時刻 [自動設定 on]"
        );
        assert_eq!(
            told("「設定」→名前の欄(Apple Account、以前はApple ID)→「iCloud」→「メール」を開きます。"),
            "設定 > 名前の欄 > iCloud > メール"
        );
        assert_eq!(
            told(
                "「設定」→「アプリ」→「メール」→「メールアカウント」→該当のアカウントを開き(iOS 17以前は「設定」→「メール」)、押します。"
            ),
            "設定 > アプリ > メール > メールアカウント > 該当のアカウント"
        );
        assert_eq!(
            told("「設定」→「Wi-Fi」→ネットワークの「ⓘ」→「DNSを構成」を開きます。"),
            "設定 > Wi-Fi > ⓘ > DNSを構成"
        );
        assert_eq!(
            told("「システム設定」→名前の欄→「iCloud」→「メール」をオフにし、オンに戻します。"),
            "システム設定 > 名前の欄 > iCloud [メール off]"
        );
        assert_eq!(told("メールを開きます。"), "");
        assert_eq!(told("」→"), "");
    }

    #[test]
    fn ways_are_found_in_english() {
        assert_eq!(
            told(
                "Open Settings, General, Date & Time, and turn Set Automatically on (if it is on: off and on)."
            ),
            "Settings > General > Date & Time [Set Automatically on]"
        );
        assert_eq!(
            told(
                "Open System Settings, Network, Wi-Fi, Details beside the network, and turn Limit IP Address Tracking off (or: x)."
            ),
            "System Settings > Network > Wi-Fi > Details [Limit IP Address Tracking off]"
        );
        assert_eq!(told("Open Settings, your name, iCloud, Mail."), "Settings > Your name > iCloud > Mail");
        assert_eq!(told("In Mail, Settings, Accounts, and so on."), "");
        assert_eq!(told("Look for the settings, then wait."), "");
    }
}
