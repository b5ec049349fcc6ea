//! Whether a program speaks or a person.
//!
//! A person's own words are judged by the phrases, which know much more of them; what a program says in words that
//! nobody wrote down yet is judged by the general patterns. A person who only passes a message on ("I get …",
//! 「…と出ます」) lets the program speak.

/// The message that the normalised text is, without what passes it on; nothing where a person speaks.
pub(in crate::intake) fn message(text: &str) -> Option<String> {
    let mut rest = format!(" {} ", text.replace('\n', " \n "));
    for frame in ENGLISH_FRAMES.iter().chain(JAPANESE_FRAMES) {
        if rest.contains(frame) {
            rest = rest.replace(frame, " ");
        }
    }
    let words = rest.split([' ', '\n']);
    let english = words.clone().any(|word| ENGLISH_WORDS.contains(&word) || is_code(word));
    let japanese = JAPANESE_WORDS.iter().any(|part| rest.contains(part));
    let plain = rest.split('\n').any(|sentence| PLAIN_ENDS.iter().any(|end| sentence.trim().ends_with(end)));
    (!(english || japanese || plain)).then_some(rest)
}

/// Whether a message is codes and nothing else that says something.
pub(in crate::intake) fn only_codes(message: &str) -> bool {
    let mut rest = message.to_owned();
    for word in SAID_OF_CODES {
        rest = rest.replace(word, " ");
    }
    let mut words = rest.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| word.contains(|letter: char| letter.is_ascii_digit()))
}

/// A code of a mail server's reply: `550`, `535-5.7.8`; those are known elsewhere.
fn is_code(word: &str) -> bool {
    let mut parts = word.split(['-', '.', ':']);
    let first = parts.next().unwrap_or_default().as_bytes();
    matches!(first, [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'])
}

/// What stands beside a code and says no more than that it is one.
const SAID_OF_CODES: &[&str] = &[" error ", " code ", " number ", "エラー", "エラ", "コード", "番号"];

/// How a message is passed on; longer ones first, with the spaces around them.
const ENGLISH_FRAMES: &[&str] = &[
    " and i dont know what to do ",
    " what should i do ",
    " what can i do ",
    " what do i do ",
    " what does it mean ",
    " what does this mean ",
    " how do i fix this ",
    " how do i fix it ",
    " my mail app says ",
    " my mail program says ",
    " my phone says ",
    " my mac says ",
    " i get the message ",
    " i get the error ",
    " i get this error ",
    " i get an error ",
    " i keep getting ",
    " i am getting ",
    " im getting ",
    " i get ",
    " i see ",
    " it says ",
    " since yesterday ",
    " since today ",
    " please help me ",
    " please help ",
    " help me ",
];

/// The same in Japanese.
const JAPANESE_FRAMES: &[&str] = &[
    "というエラーメッセージ",
    "というメッセージ",
    "というエラー",
    "とエラーが",
    "どうすればいいでしょうか",
    "どうすればいいですか",
    "どうしたらいいでしょうか",
    "どうしたらいいですか",
    "と表示されて困っています",
    "と出て困っています",
    "が表示されます",
    "と表示されました",
    "と表示されます",
    "と表示される",
    "と表示されて",
    "と言われました",
    "と言われます",
    "と言われる",
    "と出ました",
    "と出ます",
    "と出てきます",
    "と出る",
    "と出て",
    "が出ます",
    "が出る",
    "メールアプリで",
    "メールソフトで",
    "昨日から",
    "今日から",
    "今朝から",
    "さっきから",
    "困っています",
    "教えてください",
];

/// Words that only a person says.
const ENGLISH_WORDS: &[&str] = &[
    "i",
    "my",
    "me",
    "im",
    "ive",
    "our",
    "whenever",
    "nobody",
    "keeps",
    "anything",
    "works",
    "says",
    "every",
    "friend",
    "yesterday",
    "today",
    "customers",
    "same",
    "when",
    "whether",
    "nothing",
    "everything",
    "both",
    "never",
    "fine",
    "worked",
    "shows",
    "gets",
    "got",
    "gives",
    "goes",
    "takes",
    "comes",
    "stopped",
    "isnt",
    "wont",
    "theres",
    "reinstalled",
    "laptop",
    "years",
];

/// The same in Japanese.
const JAPANESE_WORDS: &[&str] = &[
    "のに",
    "けど",
    "けれど",
    "たら",
    "何回",
    "何度",
    "いつも",
    "ずっと",
    "なくて",
    "なぜ",
    "どうして",
    "急に",
    "しようと",
    "てる",
    "てた",
    "だけ",
    "なった",
    "なる",
    "まで",
    "と出",
    "は出",
    "と言",
    "自分",
    "の人",
    "なのか",
    "返って",
    "かえって",
    "戻って",
    "すると",
    "よく",
    "のですが",
    "んですが",
    "でしょうか",
    "ですか",
    "てしま",
    "できてい",
    "使えま",
    "送れ",
    "たびに",
    "前から",
    "以来",
    "突然",
    "更新後",
    "アップデート後",
    "月に",
    "年に",
    "会社",
    "自宅",
    "パソコン",
    "スマホ",
];

/// How a sentence ends in which nobody is polite; programs are.
const PLAIN_ENDS: &[&str] =
    &["ない", "る", "った", "れた", "てて", "んです", "のです", "いです", "ている", "られず"];

#[cfg(test)]
mod tests {
    use super::super::super::normalize::normalize;
    use super::*;

    #[test]
    fn a_message_is_told_from_a_complaint() {
        for (text, program) in [
            ("The server's certificate has expired", true),
            ("I get 'Could not connect to server' since yesterday", true),
            ("昨日から『サーバーに接続できませんでした』と出ます", true),
            ("メールを送信できませんでした。", true),
            ("My friends cannot send me mail", false),
            ("メールが送れない", false),
            ("パスワードは合っているのにログインできません", false),
            ("550 5.7.1 Client host rejected", false),
        ] {
            assert_eq!(message(&normalize(text)).is_some(), program, "{text}");
        }
    }

    #[test]
    fn a_code_alone_is_told_from_words() {
        for (text, only) in [
            ("0x800CCC0E", true),
            ("Error code: 0x800CCC0E", true),
            ("エラー 0x800CCC0E が出ます", true),
            ("socket error 10060", false),
            ("error", false),
        ] {
            let message = message(&normalize(text)).unwrap();
            assert_eq!(only_codes(&message), only, "{text}: {message}");
        }
    }

    #[test]
    fn programs_and_people_are_told_apart() {
        let messages = include_str!("../../../../../knowledge/corpus/messages.tsv");
        let messages = messages.lines().skip(1).flat_map(|line| line.split('\t').skip(2).take(2));
        let taken: Vec<&str> = messages.clone().filter(|text| message(&normalize(text)).is_none()).collect();
        assert!(taken.len() * 50 <= messages.count(), "{}\n{}", taken.len(), taken.join("\n"));
        let complaints = include_str!("../../../../../knowledge/corpus/complaints-public.jsonl");
        let texts = complaints.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row["text"].as_str().unwrap().to_owned()
        });
        let taken: Vec<String> = texts.clone().filter(|text| message(&normalize(text)).is_some()).collect();
        assert!(taken.len() * 5 <= texts.count(), "{}\n{}", taken.len(), taken.join("\n"));
    }
}
