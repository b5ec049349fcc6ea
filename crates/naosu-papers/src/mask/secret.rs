//! Passwords, codes and tokens that somebody wrote down where they do not belong.

/// What stands in a secret's place.
const STARS: &str = "***";

/// Words that announce a secret, in small letters.
const HEADS: [&str; 20] = [
    "password",
    "passwort",
    "passwd",
    "passcode",
    "passphrase",
    "pass",
    "pw",
    "pin",
    "token",
    "secret",
    "code",
    "bearer",
    "basic",
    "パスワード",
    "パスコード",
    "暗証番号",
    "確認コード",
    "認証コード",
    "コード",
    "トークン",
];

/// What may follow such a word, before the secret: a sign, or a word that says "is".
const SIGNS: [&str; 6] = [":", ":", "=", "=", "「", "\""];
const LINKS: [&str; 7] = ["is", "was", "は", "が", "を", "の", "に"];

/// The text with stars for what looks like a secret. What a message says about a password ("the password is
/// incorrect") is left alone: only an ASCII word with a digit or a sign in it can be one, or whatever stands behind a
/// colon or an equals sign and is no word of a message.
pub(super) fn masked(text: &str) -> String {
    // the same places as in the text: only ASCII is changed
    let small = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let starts = at == 0 || !is_word(text[..at].chars().next_back());
        let head = HEADS.iter().filter(|head| small[at..].starts_with(**head)).max_by_key(|head| head.len());
        if let Some((from, to)) = head.filter(|_| starts || !first.is_ascii()).and_then(|head| {
            let ascii = head.is_ascii();
            let end = at + head.len();
            let whole = !ascii || !is_word(text[end..].chars().next());
            whole.then(|| secret(text, end)).flatten()
        }) {
            out.push_str(&text[at..from]);
            out.push_str(STARS);
            at = to;
        } else if starts && let Some(end) = app_password(&text[at..]) {
            out.push_str(STARS);
            at += end;
        } else {
            out.push(first);
            at += first.len_utf8();
        }
    }
    out
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where the secret begins and ends that is announced up to there.
fn secret(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    let (mut signed, mut linked, mut spaced) = (false, false, false);
    loop {
        let rest = &text[at..];
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            signed = true;
            at += sign.len();
        } else if let Some(link) = LINKS
            .iter()
            .find(|link| rest.starts_with(**link))
            .filter(|link| !link.is_ascii() || (spaced && !is_word(rest[link.len()..].chars().next())))
        {
            linked = true;
            at += link.len();
        } else if rest.starts_with([' ', '\u{3000}', '\'', '“']) {
            spaced = true;
            at += rest.chars().next().map_or(0, char::len_utf8);
        } else {
            break;
        }
    }
    let rest = &text[at..];
    let end = rest.find(|c: char| !c.is_ascii_graphic()).unwrap_or(rest.len());
    let word = rest[..end].trim_end_matches(['.', ',', '"', '\'', ')', ']', '}', ';']);
    let letters = word.chars().any(|c| c.is_ascii_alphabetic());
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let other = word.chars().any(|c| "!@#$%^&*_?~".contains(c));
    // a code of an error message ("code 0x800CCC0E", "535 5.7.8") and a mail address are not secret
    let told = word.starts_with("0x")
        || word.contains('@') && word.contains('.')
        || word.parse::<f64>().is_ok() && digits < 4;
    let odd = (letters && (digits > 0 || other)) || (digits >= 4 && (linked || signed || spaced));
    let plain = signed && word.len() >= 4 && letters && !WORDS.contains(&word.to_ascii_lowercase().as_str());
    (word.len() >= 4 && !told && (odd || plain)).then_some((at, at + word.len()))
}

/// Words that messages put behind "password:".
const WORDS: [&str; 18] = [
    "incorrect",
    "wrong",
    "invalid",
    "required",
    "rejected",
    "failed",
    "failure",
    "error",
    "expired",
    "authentication",
    "login",
    "refused",
    "denied",
    "unknown",
    "none",
    "null",
    "plain",
    "cannot",
];

/// The length of an app password as Apple writes them, `abcd-efgh-ijkl-mnop`.
fn app_password(text: &str) -> Option<usize> {
    let word = &text[..text.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(text.len())];
    let groups: Vec<&str> = word.split('-').collect();
    (groups.len() == 4 && groups.iter().all(|group| group.len() == 4)).then_some(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go() {
        for (given, expected) in [
            ("my password is hunter2!", "my password is ***"),
            ("password: correcthorse and it fails", "password: *** and it fails"),
            ("Password=Tr0ub4dor&3", "Password=***"),
            ("パスワードは hunter2 です", "パスワードは *** です"),
            ("パスワード:himitsu99。ログインできません", "パスワード:***。ログインできません"),
            ("確認コード 123456 を入れても", "確認コード *** を入れても"),
            ("the code was 483920", "the code was ***"),
            ("app password abcd-efgh-ijkl-mnop does not work", "app password *** does not work"),
            ("Authorization: Bearer ya29.a0AfH6SMBx", "Authorization: Bearer ***"),
            ("pw:「abc123」", "pw:「***」"),
        ] {
            assert_eq!(masked(given), expected);
        }
    }

    #[test]
    fn what_a_message_says_stays() {
        for given in [
            "The user name or password is incorrect.",
            "Enter the password for hanako@example.jp",
            "password: incorrect",
            "パスワードが正しくありません",
            "パスワードは合っているのに、メールを取得できません",
            "error code 0x800CCC0E",
            "パスワードを入力してください",
            "535 5.7.8 Error: authentication failed",
            "Apple IDのパスワードが違います (-5000)",
            "the password for the IMAP account “docomo” is incorrect",
            "パスコードを6桁にした",
        ] {
            assert_eq!(masked(given), given);
        }
    }
}
