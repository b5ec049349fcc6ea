use std::path::Path;

use naosu_core::knowledge::Knowledge;

use super::*;

#[test]
fn secrets_go() {
    for (given, expected) in [
        ("my password is hunter2!", "my password is ***"),
        ("my password is Hunter2!secret and", "my password is *** and"),
        ("password: correcthorse and it fails", "password: *** and it fails"),
        ("Password=Tr0ub4dor&3", "Password=***"),
        ("{\"password\": \"letmein\"}", "{\"password\": \"***\"}"),
        ("password for hanako@example.jp is Hunter2!", "password for hanako@example.jp is ***"),
        ("I type Hunter2! as the password", "I type *** as the password"),
        ("I use hunter2 as my email password", "I use *** as my email password"),
        ("パスワードは hunter2 です", "パスワードは *** です"),
        ("パスワード:himitsu99。ログインできません", "パスワード:***。ログインできません"),
        ("ｐａｓｓｗｏｒｄ　ｉｓ　Ｈｕｎｔｅｒ２！", "ｐａｓｓｗｏｒｄ　ｉｓ　***"),
        ("Hunter2!がパスワードです", "***がパスワードです"),
        ("Hunter2というパスワードを入れても", "***というパスワードを入れても"),
        ("pw:「abc123」", "pw:「***」"),
        ("PIN 1234", "PIN ***"),
        ("passcode is 1234", "passcode is ***"),
        ("暗証番号1234", "暗証番号***"),
        ("暗証番号は１２３４です", "暗証番号は***です"),
        ("確認コード 123456 を入れても", "確認コード *** を入れても"),
        ("コード483920を入れても", "コード***を入れても"),
        ("the code was 483920", "the code was ***"),
        ("483920 is your verification code", "*** is your verification code"),
        ("G-483920 is your code", "G-*** is your code"),
        ("app password abcd efgh ijkl mnop", "app password ***"),
        ("アプリパスワード abcd efgh ijkl mnop", "アプリパスワード ***"),
        ("app password abcd-efgh-ijkl-mnop does not work", "app password *** does not work"),
        ("I used ABCD-EFGH-IJKL-MNOP.", "I used ***."),
        ("my key is ABCD-1234-EFGH-5678-IJKL-9012-MNOP", "my key is ***"),
        ("復旧キーは ABCD 1234 EFGH 5678 IJKL 9012 MNOP", "復旧キーは ***"),
        ("card 4111 1111 1111 1111 exp", "card *** exp"),
        ("カード番号４１１１－１１１１－１１１１－１１１１です", "カード番号***です"),
        ("my amex 378282246310005.", "my amex ***."),
        ("https://user:pw@host.example/", "https://user:***@host.example/"),
        ("imap://hanako:p@ss@imap.example.jp:993/", "imap://hanako:***@imap.example.jp:993/"),
        ("Authorization: Bearer ya29.a0AfH6SMBx", "Authorization: Bearer ***"),
    ] {
        assert_eq!(masked(given), expected);
        assert_eq!(masked(expected), expected);
    }
}

#[test]
fn what_a_message_says_stays() {
    for given in [
        "The user name or password is incorrect.",
        "Enter the password for hanako@example.jp",
        "password: incorrect",
        "\"Remember password\" was ticked at set-up",
        "パスワードが正しくありません",
        "パスワードは合っているのに、メールを取得できません",
        "パスワードを入力してください",
        "Apple IDのパスワードが違います (-5000)",
        "the password for the IMAP account “docomo” is incorrect",
        "パスコードを6桁にした",
        "パスワードを2024年に変えました",
        "Windows 10がパスワードを求めてきます",
        "an app password that does work when sent",
        "since I went from a normal password to 2-step",
        "error code 0x800CCC0E",
        "error code -20101",
        "エラーコード 500003 が出ます",
        "535 5.7.8 Error: authentication failed",
        "550 5.7.26 This message does not pass authentication checks",
        "4.7.0 Temporary failure, code 421",
        "imap.example.jp:993, smtp.example.jp:587 and 465",
        "since 2026-11-23 09:30:15, iOS 26.1 (23B82), Thunderbird 128.5.2esr",
        "id 123e4567-e89b-12d3-a456-426614174000, time 1764581400123",
        "Outlook 2013 2016 2019 2021",
        "imaps://imap.example.jp:993/ and https://example.jp/reset?user=hanako@example.jp",
        "abcd-efgh-ijkl-mnop.example.com",
        "they are written xxxx-xxxx-xxxx-xxxx",
    ] {
        assert_eq!(masked(given), given);
    }
}

#[test]
fn what_programs_and_servers_say_stays() {
    let knowledge = Knowledge::built_in().unwrap();
    let mut seen = 0;
    for (client, errors) in &knowledge.words().client_errors {
        for message in &errors.message {
            for text in message.en.iter().chain(&message.ja).chain(&message.code) {
                assert_eq!(crate::mask::text(text, &[]), *text, "{client}");
                seen += 1;
            }
        }
    }
    assert!(seen > 1500, "{seen}");
}

/// The share of complaints in which something is taken for a secret; a few quote one, most quote none.
#[test]
fn complaints_stay() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../knowledge/corpus");
    let (mut seen, mut changed) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|known| known != "jsonl") {
            continue;
        }
        let lines = std::fs::read_to_string(file).unwrap();
        for line in lines.lines().step_by(3) {
            let complaint: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = complaint["text"].as_str().unwrap();
            let left = masked(text);
            assert_eq!(masked(&left), left);
            seen += 1;
            if left != text {
                changed.push(left);
            }
        }
    }
    assert!(seen > 10_000 && changed.len() * 1000 < seen, "{} of {seen}: {changed:#?}", changed.len());
}

/// Whatever is given: no panic, and masked twice is masked once.
#[test]
fn masked_twice_is_masked_once() {
    const PIECES: [&str; 48] = [
        "password",
        "パスワード",
        " is ",
        "は",
        ":",
        "=",
        "「",
        "」",
        "\"",
        " as the ",
        "Hunter2!",
        "***",
        "*",
        "abcd",
        " ",
        "-",
        "1234",
        "4111 1111 1111 1111",
        "code",
        "コード",
        "483920",
        "://",
        "@",
        "＠",
        "/",
        ".",
        "example.jp",
        "user",
        "0",
        "+81",
        "090",
        "５６７８",
        "\n",
        "\u{3000}",
        "が",
        "です",
        "PIN",
        "recovery key",
        "abcd-efgh-ijkl-mnop",
        "é",
        "\u{301}",
        "👩‍👩‍👧",
        "\u{202e}",
        "\0",
        "%1$S",
        "ｐａｓｓ",
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJ9",
        "İ",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    for _ in 0..20_000 {
        let text: String = (0..=below(12)).map(|_| PIECES[below(PIECES.len())]).collect();
        let noise: String =
            (0..below(8)).filter_map(|_| char::from_u32(u32::try_from(below(0x11_0000)).unwrap())).collect();
        for text in [format!("{text}{noise}"), format!("{noise}{text}"), noise] {
            let once = masked(&text);
            assert_eq!(masked(&once), once, "{text:?}");
            let once = crate::mask::text(&text, &["hanako".to_owned(), "abcd".to_owned()]);
            assert_eq!(crate::mask::text(&once, &["hanako".to_owned(), "abcd".to_owned()]), once, "{text:?}");
        }
    }
}

#[test]
fn the_trouble_is_recognised_in_what_is_left() {
    let knowledge = Knowledge::built_in().unwrap();
    for text in [
        "Cannot get mail on my iPhone, the user name or password is incorrect, my password is Hunter2!secret",
        "iCloudのメールが受信できません。パスワードは himitsu99 です。何度も聞かれます",
        "Gmail says application-specific password required; app password abcd efgh ijkl mnop",
    ] {
        let left = masked(text);
        assert_ne!(left, text);
        let of = |text: &str| {
            let found = naosu_core::intake::recognise(&knowledge, text);
            (found.symptom.first().map(|one| one.id.clone()), found.service, found.device)
        };
        assert_eq!(of(&left), of(text), "{left}");
    }
}
