//! Secrets that a word announces: "the password is …", "PIN 1234", "… as the password", "コード 123456".

use super::super::plain::{Plain, is_word};
use super::shape::{common, groups};
use super::word::{HEADS, Head, LINKS, MIDDLE, NAMES, OF_ERRORS, SAID};

/// How far a link may be from the word that announces, and how far a code from its word, in characters.
const REACH: usize = 60;
const NEAR: usize = 30;

/// The secret that the word there announces, before or behind it.
pub(super) fn part(text: &Plain, at: usize) -> Option<(usize, usize)> {
    let known = HEADS.iter().filter(|(word, _)| text.starts(at, word));
    let (word, head) = known.max_by_key(|(word, _)| word.len())?;
    let end = at + word.chars().count();
    if word.is_ascii() && is_word(text.at(end)) && !(*head == Head::Pin && digits(text, end) >= 4) {
        return None;
    }
    behind(text, end, *head).or_else(|| far_behind(text, end, *head)).or_else(|| before(text, at, end, *head))
}

/// What leads from the word to the secret: signs, links and spaces.
struct Lead {
    to: usize,
    /// With a colon or the like.
    signed: bool,
    /// With a word that says "is".
    says: bool,
    /// With anything at all.
    led: bool,
}

fn lead(text: &Plain, from: usize) -> Lead {
    let mut lead = Lead { to: from, signed: false, says: false, led: false };
    let mut spaced = false;
    while let Some(c) = text.at(lead.to) {
        let link = LINKS
            .iter()
            .filter(|link| text.starts(lead.to, link))
            .filter(|link| !link.is_ascii() || (spaced && !is_word(text.at(lead.to + link.len()))))
            .max_by_key(|link| link.len());
        match (c, link) {
            (':' | '=', _) => lead.signed = true,
            // 「パスワード」「…」 are two names
            ('「' | '『', _) if lead.to == from || lead.says => {
                lead.signed |= quoted(text, lead.to + 1);
            }
            (' ' | '"' | '「' | '『' | '\'' | '(' | '[' | '\n' | '\r', _) => spaced = true,
            (_, Some(link)) => {
                lead.says |= matches!(*link, "is" | "was" | "は");
                lead.to += link.chars().count() - 1;
            }
            _ => return lead,
        }
        lead.to += 1;
        lead.led = true;
    }
    lead
}

/// Whether one word stands between there and the end of a quotation.
fn quoted(text: &Plain, from: usize) -> bool {
    let end = text.run(from, |c| c.is_ascii_graphic());
    matches!(text.at(end), Some('」' | '』'))
}

/// The secret right behind the word.
fn behind(text: &Plain, from: usize, head: Head) -> Option<(usize, usize)> {
    let Lead { to: at, signed, says, led } = lead(text, from);
    if let Some(end) = in_groups(text, at, head) {
        return Some((at, end));
    }
    let end = word(text, at)?;
    let told = text.text(at, end);
    let long = end - at >= 4;
    let number = told.chars().all(|c| c.is_ascii_digit());
    let is = match head {
        Head::Token => end - at >= 10 && odd(&told),
        Head::Key => end - at >= 8 && odd(&told),
        Head::Code => {
            (number && long && end - at <= 8 && !counts(text, end))
                || (!number && end - at >= 6 && led && odd(&told))
        }
        Head::Pin => number && long && !counts(text, end) || led && odd(&told) && !number,
        Head::Password => {
            let plain = signed
                && !spaced_only_by_line(text, from, at)
                && told.chars().any(|c| c.is_ascii_alphabetic());
            let sixteen = end - at == 16 && text.plain[at..end].iter().all(char::is_ascii_lowercase);
            (number && (led || !ascii_before(text, from)) && !counts(text, end))
                || (!number && odd(&told) && (signed || says || !compound(&told)))
                || (plain && !SAID.contains(&told.as_str()) && !known(&told))
                || (sixteen && led && !SAID.contains(&told.as_str()))
        }
    };
    (long && is).then_some((at, end))
}

/// Whether what leads there has a line's end in it: then what follows may be another sentence.
fn spaced_only_by_line(text: &Plain, from: usize, to: usize) -> bool {
    text.plain[from..to].contains(&'\n')
}

fn ascii_before(text: &Plain, place: usize) -> bool {
    text.before(place).is_some_and(|c| c.is_ascii())
}

/// "The password that I use there is …": a link later in the sentence, and something that can be nothing but a secret.
fn far_behind(text: &Plain, from: usize, head: Head) -> Option<(usize, usize)> {
    if !matches!(head, Head::Password | Head::Pin | Head::Key) {
        return None;
    }
    let mut at = from;
    while at < from + REACH {
        let c = text.at(at)?;
        let stops =
            matches!(c, '。' | '!' | '?' | '\n' | ';' | ',' | '、') || c == '.' && !is_word(text.at(at + 1));
        if stops {
            return None;
        }
        let link = ["is ", "was ", ": ", "は"].into_iter().find(|link| text.starts(at, link));
        if let Some(link) = link.filter(|link| {
            !link.starts_with(|c: char| c.is_ascii_alphabetic()) || text.before(at) == Some(' ')
        }) {
            let lead = lead(text, at + link.chars().count());
            let end = word(text, lead.to)?;
            let told = text.text(lead.to, end);
            let strong =
                told.chars().any(|c| c.is_ascii_digit()) && told.chars().any(|c| c.is_ascii_alphabetic());
            return (end - lead.to >= 6 && strong && odd(&told)).then_some((lead.to, end));
        }
        at += 1;
    }
    None
}

/// "… as the password", "… というパスワード": the secret before the word.
fn before(text: &Plain, at: usize, end: usize, head: Head) -> Option<(usize, usize)> {
    if !matches!(head, Head::Password | Head::Pin) {
        return None;
    }
    let mut to = at;
    if ascii_before(text, end) {
        // "as the app password"
        for _ in 0..3 {
            let from = text.run_back(to, |c| c == ' ' || c == '"' || c == '\'');
            let from = text.run_back(from, |c| c.is_ascii_alphabetic() || c == '-');
            if !MIDDLE.contains(&text.text(from, to).trim_matches([' ', '"', '\''])) {
                break;
            }
            to = from;
        }
        let spaced = text.run_back(to, |c| c == ' ');
        let word = text.run_back(spaced, |c| c.is_ascii_alphabetic());
        if to == at && text.before(at) != Some(' ')
            || !matches!(&*text.text(word, spaced), "as" | "is" | "was" | "for")
        {
            return None;
        }
        to = text.run_back(word, |c| c == ' ');
        if to == word {
            return None;
        }
    } else {
        const LEADING: [&str; 6] = ["という", "といった", "って", "を", "」が", "が"];
        let link = LEADING.iter().find(|link| text.ends(at, link))?;
        // "Windows 10がパスワードを求める" is none
        if *link == "が" && !["です", "だ", "で、", "でした", "に"].iter().any(|so| text.starts(end, so))
        {
            return None;
        }
        to = at - link.chars().count();
    }
    to = text.run_back(to, |c| matches!(c, '"' | '\'' | '」' | '』' | ')'));
    let from = text.run_back(to, |c| c.is_ascii_graphic() && !matches!(c, '"' | '(' | '[' | '='));
    let told = text.text(from, to);
    let number = told.chars().all(|c| c.is_ascii_digit());
    let is = if number { !years(&told) || head == Head::Pin } else { odd(&told) };
    (to - from >= 4 && is).then_some((from, to))
}

fn years(told: &str) -> bool {
    told.len() == 4 && (told.starts_with("19") || told.starts_with("20"))
}

/// An app password or a recovery key in groups of four.
fn in_groups(text: &Plain, at: usize, head: Head) -> Option<usize> {
    if is_word(text.before(at)) {
        return None;
    }
    let (count, end) = groups(text, at, ' ');
    let (common, letters) = common(text, at, end);
    let all_letters = !text.plain[at..end].iter().any(char::is_ascii_digit);
    let least = match head {
        Head::Password => 4,
        Head::Key => 3,
        _ => return None,
    };
    // what stands behind the sixteen letters is no part of them
    if head == Head::Password && all_letters {
        return (count >= 4 && common_in(text, at, 19) == 0).then_some(at + 19);
    }
    (count >= least && letters && common < 2).then_some(end)
}

fn common_in(text: &Plain, at: usize, length: usize) -> usize {
    common(text, at, at + length).0
}

/// Six digits near the word "code": a code that was sent.
pub(super) fn codes(text: &Plain) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.plain.len() {
        // Google writes G-123456
        let google = text.ends(at, "g-") && !is_word(at.checked_sub(2).and_then(|place| text.before(place)));
        if !text.plain[at].is_ascii_digit() || digit_or_part(text.before(at), true) && !google {
            at += 1;
            continue;
        }
        let mut end = text.run(at, |c| c.is_ascii_digit());
        if end - at == 3 && matches!(text.at(end), Some(' ' | '-')) {
            // 123 456
            let second = text.run(end + 1, |c| c.is_ascii_digit());
            if second - end == 4 {
                end = second;
            }
        }
        let six = text.plain[at..end].iter().filter(|c| c.is_ascii_digit()).count() == 6;
        let next = text.at(end);
        let cut = digit_or_part(next, false) || next == Some('.') && is_word(text.at(end + 1));
        if six && !cut && coded(text, at, end) {
            parts.push((at, end));
        }
        at = end.max(at + 1);
    }
    parts
}

/// Whether a number goes on there.
fn digit_or_part(c: Option<char>, before: bool) -> bool {
    is_word(c) || matches!(c, Some('-' | ':' | '/' | '#' | '@' | '%' | '+')) || before && c == Some('.')
}

/// Whether the word "code" is near that number, in its sentence, and it is no code of an error.
fn coded(text: &Plain, from: usize, to: usize) -> bool {
    let ends = |place: usize| {
        matches!(text.plain[place], '。' | '\n' | '!' | '?')
            || text.plain[place] == '.' && text.at(place + 1) == Some(' ')
    };
    let first = (from.saturating_sub(NEAR)..from)
        .rev()
        .find(|place| ends(*place))
        .map_or(from.saturating_sub(NEAR), |it| it + 1);
    let last = (to..text.plain.len().min(to + NEAR))
        .find(|place| ends(*place))
        .unwrap_or(text.plain.len().min(to + NEAR));
    let wrong = |place: usize| {
        let around = text.text(place.saturating_sub(14), place);
        OF_ERRORS.iter().any(|word| around.contains(word))
    };
    let mut found = false;
    for place in first..last {
        let english = text.starts(place, "code") && !is_word(text.before(place));
        let japanese = text.starts(place, "コード")
            && !["レ", "バー", "エン", "デ", "ソース", "文字"].iter().any(|word| text.ends(place, word));
        let number =
            ["認証番号", "確認番号", "ワンタイム", "one-time"].iter().any(|word| text.starts(place, word));
        if (english || japanese || number) && wrong(place) {
            return false;
        }
        found |= english || japanese || number;
    }
    found && !wrong(from)
}

/// Where the word ends that begins there; nothing where there is none, or it stops in the middle of one.
fn word(text: &Plain, at: usize) -> Option<usize> {
    let end = text.run(at, |c| c.is_ascii_graphic() && c != '"');
    let told = text.text(at, end);
    let kept = told.trim_end_matches(['.', ',', '\'', ')', ']', '}', ';', '>', '<']);
    (!kept.is_empty()).then(|| at + kept.chars().count())
}

fn digits(text: &Plain, at: usize) -> usize {
    text.run(at, |c| c.is_ascii_digit()) - at
}

/// Whether what follows says that the number counts something, or is a year.
fn counts(text: &Plain, end: usize) -> bool {
    [
        "年",
        "月",
        "桁",
        "文字",
        "回",
        "件",
        "台",
        "円",
        "分",
        "時",
        "人",
        "通",
        "番",
        " times",
        " characters",
        " digits",
    ]
    .iter()
    .any(|unit| text.starts(end, unit))
}

/// Whether a word looks like no word: letters with digits or signs between them.
fn odd(told: &str) -> bool {
    let told = told.trim_matches(|c: char| "!?*_~.,:-()'".contains(c));
    let letters = told.chars().any(|c| c.is_ascii_alphabetic());
    let digits = told.chars().any(|c| c.is_ascii_digit());
    let signs = told.chars().any(|c| "!@#$%^&?~*".contains(c));
    letters && (digits || signs) && !known(told)
}

/// Whether it is made of whole words and numbers, as `2-step` and `SHA-256` are.
fn compound(told: &str) -> bool {
    let same = |piece: &str| {
        piece.chars().all(|c| c.is_ascii_digit()) || piece.chars().all(|c| c.is_ascii_alphabetic())
    };
    told.contains('-') && told.split('-').all(same)
}

/// Whether it is an error's code, an address, a version, a placeholder, or a name with a number in it.
fn known(told: &str) -> bool {
    let name = told.trim_end_matches(|c: char| c.is_ascii_digit() || "./-+_x()".contains(c));
    told.starts_with("0x")
        || told.starts_with(['%', '<', '{', '/', '-', '$'])
        || told.contains('@') && told.contains('.')
        || told.contains("://")
        || told.contains("***")
        || told.contains("n't")
        || told.starts_with("aadsts")
        || told.parse::<f64>().is_ok()
        || told.split(['.', ':', '-', '/']).all(|piece| piece.chars().all(|c| c.is_ascii_digit()))
        || NAMES.contains(&name)
        || is_host(told)
}

/// A host's name, perhaps with a port.
fn is_host(told: &str) -> bool {
    let host = told.split(':').next().unwrap_or_default();
    let (labels, last) = (host.split('.').count(), host.rsplit('.').next().unwrap_or_default());
    labels >= 2
        && last.len() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}
