//! What must hold of the shipped knowledge of words.

use std::sync::OnceLock;

use super::*;
use crate::knowledge::embedded;

fn knowledge() -> &'static Knowledge {
    static LOADED: OnceLock<Knowledge> = OnceLock::new();
    LOADED.get_or_init(|| Knowledge::load(&embedded()).unwrap())
}

fn symptom(text: &str) -> String {
    recognise(knowledge(), text).symptom[0].id.clone()
}

fn cause(text: &str, id: &str) -> f64 {
    recognise(knowledge(), text).cause.iter().find(|scored| scored.id == id).unwrap().p
}

/// Share of complaints whose symptom is first and in the first two, and whose cause is first and in the first three.
#[expect(clippy::cast_precision_loss, reason = "some hundred complaints")]
fn shares(complaints: &str) -> [f64; 4] {
    let place =
        |scored: &[Scored], id: &str| scored.iter().position(|one| one.id == id).unwrap_or(usize::MAX);
    let (mut symptoms, mut causes) = (Vec::new(), Vec::new());
    for line in complaints.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| row[name].as_str().unwrap();
        let found = recognise(knowledge(), field("text"));
        symptoms.push(place(&found.symptom, field("symptom")));
        if field("cause") != "unknown" {
            causes.push(place(&found.cause, field("cause")));
        }
    }
    let share = |places: &[usize], within: usize| {
        places.iter().filter(|&&place| place < within).count() as f64 / places.len() as f64
    };
    [share(&symptoms, 1), share(&symptoms, 2), share(&causes, 1), share(&causes, 3)]
}

/// Measured shares, less a little so that a better phrase here may cost one complaint there.
fn at_least(shares: [f64; 4], floor: [f64; 4]) {
    for (share, floor) in shares.iter().zip(floor) {
        assert!(*share >= floor, "{shares:.2?} is not at least {floor:.2?}");
    }
}

#[test]
fn our_own_names_are_what_they_name() {
    let taxonomy = &knowledge().taxonomy;
    for (id, gloss) in &taxonomy.symptom {
        let name = &knowledge().words().symptoms[id].name;
        for text in [
            gloss.clone(),
            name.en.clone(),
            name.ja.clone(),
            format!("{}。", name.ja),
            format!("{}.", name.en),
        ] {
            assert_eq!(symptom(&text), *id, "{text}");
        }
    }
    for (id, entry) in &taxonomy.cause {
        for text in [&entry.en, &entry.ja] {
            let found = recognise(knowledge(), text);
            assert!(found.cause[0].id == *id && found.cause[0].p > 0.9, "{text}: {:?}", &found.cause[..2]);
        }
    }
    let sum: f64 = recognise(knowledge(), "It is slow or times out").cause.iter().map(|cause| cause.p).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}

/// A message as it is on a screen: its placeholders filled in.
fn shown(template: &str) -> String {
    let mut text = template.to_owned();
    for (placeholder, value) in [
        ("%1$S", "taro@example.jp"),
        ("%2$S", "imap.example.jp"),
        ("%3$S", "NO"),
        ("%1$s", "taro@example.jp"),
        ("%S", "imap.example.jp"),
        ("%s", "imap.example.jp"),
        ("%@", "imap.example.jp"),
        ("%d", "993"),
    ] {
        text = text.replace(placeholder, value);
    }
    text
}

#[test]
fn the_knowledge_of_words_is_sound() {
    assert_eq!(problems(knowledge()), []);
}

#[test]
fn a_message_is_the_same_thing_in_both_languages() {
    let mut wrong = Vec::new();
    for (client, errors) in &knowledge().words().client_errors {
        for message in &errors.message {
            let texts = message.en.iter().chain(&message.ja);
            for text in texts.flat_map(|text| [text.clone(), shown(text)]) {
                let found = symptom(&text);
                if found != message.symptom {
                    wrong
                        .push(format!("{client}.{}: {text} is {found}, not {}", message.id, message.symptom));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn complaints_that_were_never_in_view_are_recognised() {
    at_least(shares(include_str!("../../tests/data/complaints-held.jsonl")), [0.80, 0.90, 0.86, 0.92]);
}

#[test]
fn real_complaints_are_recognised() {
    at_least(
        shares(include_str!("../../../../knowledge/corpus/complaints-public.jsonl")),
        [0.78, 0.95, 0.50, 0.72],
    );
    at_least(
        shares(include_str!("../../../../knowledge/corpus/complaints-threads.jsonl")),
        [0.77, 0.89, 0.56, 0.74],
    );
}

#[test]
fn the_learned_words_are_those_of_the_corpus() {
    let files = embedded();
    let complaints: Vec<(&str, Vec<Complaint>)> =
        Complaint::files(&files).map(|(path, text)| (path, Complaint::read(text).unwrap())).collect();
    let lessons: Vec<Lesson<'_>> = complaints
        .iter()
        .flat_map(|(path, those)| those.iter().map(|complaint| complaint.lesson(path)))
        .collect();
    assert!(lessons.len() > 1000);
    let taught = &knowledge().words().learned;
    assert!(
        taught.is_from(&lessons),
        "the corpus changed: cargo run --release -p naosu-core --example learn"
    );
    // every file is written as it is read
    for (path, shown) in taught.show() {
        assert!(files.iter().any(|(name, text)| name == path && *text == shown), "{path}");
    }
}

#[test]
fn learning_the_same_gives_the_same() {
    let files = embedded();
    let (path, text) = Complaint::files(&files).next().unwrap();
    let complaints = Complaint::read(text).unwrap();
    let lessons: Vec<Lesson<'_>> =
        complaints.iter().take(60).map(|complaint| complaint.lesson(path)).collect();
    let learned = Taught::learn(knowledge(), &lessons);
    assert_eq!(learned.show(), Taught::learn(knowledge(), &lessons).show());
    assert!(learned.is_from(&lessons) && !learned.is_from(&lessons[1..]));
    // what it was taught it knows better than the phrases alone
    let right = |taught: &Taught| {
        let those = complaints.iter().take(60);
        let found = those.map(|complaint| (complaint, recognise_with(knowledge(), taught, &complaint.text)));
        found.filter(|(complaint, found)| found.symptom[0].id == complaint.symptom).count()
    };
    assert!(right(&learned) > right(&Taught::default()));
}

/// Found by measuring: a message of some length counted as most of any text that quoted it.
#[test]
fn a_quoted_message_does_not_silence_the_person() {
    let message = "Authentication failed for hanako@example.jp. Update your server settings.";
    let said = format!(
        "Want to read my Gmail on the phone like Thunderbird does on the desk, changed nothing since, but the app only \
         shows \"{message}\""
    );
    let most = |text: &str| {
        let found = recognise(knowledge(), text);
        found.messages.iter().map(|message| message.cover).fold(0.0, f64::max)
    };
    assert!(most(message) >= ALONE, "alone it is all there is");
    assert!(most(&said) > 0.2 && most(&said) < ALONE, "{}", most(&said));
    let (alone, heard) = (recognise(knowledge(), message), recognise(knowledge(), &said));
    assert!(heard.messages[0].is_quoted(), "and it is known all the same");
    assert_ne!(alone.cause, heard.cause, "what is around it counts");
}

#[test]
fn what_is_denied_does_not_count() {
    for (plain, denied, id) in [
        ("ログインできない", "ログインできない。パスワードは合っている", "wrong_password"),
        ("login fails", "login fails, the password is correct", "wrong_password"),
        ("メールが受信できない", "メールが受信できない。ネットは使える", "no_internet"),
        ("I get no mail", "I get no mail, works on my PC", "provider_outage"),
        ("Gmail app password required", "the app password didn't help with Gmail", "app_password_required"),
    ] {
        // no more than without it, or hardly at all
        assert!(cause(denied, id) < cause(plain, id).max(0.05), "{denied}: {id}");
    }
    assert_eq!(symptom("送信はできるが受信できない"), "cannot_receive");
    assert_eq!(symptom("受信はできるが送信できない"), "cannot_send");
    assert_eq!(symptom("I can receive but not send"), "cannot_send");
    assert_eq!(symptom("sending works, but I cannot receive anything"), "cannot_receive");
    assert_ne!(
        symptom("メールが届かない。アカウントはロックされていない、迷惑メールでもない"),
        "account_locked"
    );
}

/// Found by asking: each was taken for what it denies, and led to its repair.
#[test]
fn what_people_rule_out_is_ruled_out_in_both_languages() {
    for (denied, id) in [
        ("I don't use a VPN. Cannot connect to server", "vpn_or_proxy"),
        ("I am not using a VPN and mail times out", "vpn_or_proxy"),
        ("VPNは使っていないがメールが受信できない", "vpn_or_proxy"),
        ("VPNをオフにしても受信できない", "vpn_or_proxy"),
        ("ウイルスソフトは入れていない。受信できない", "tls_interception_or_antivirus"),
        ("I have no antivirus. Cannot receive", "tls_interception_or_antivirus"),
        (
            "ファイアウォールもウイルス対策ソフトも使っていません。送信できない",
            "tls_interception_or_antivirus",
        ),
        ("storage is not full but mail does not arrive", "mailbox_full"),
        ("iCloud storage isn't full but mail doesn't arrive", "icloud_storage_full"),
        ("容量不足ではないのですがメールが受信できません", "mailbox_full"),
        ("メモリ不足ではない", "device_storage_full"),
        ("my account is not locked but I can't sign in", "account_locked_or_suspended"),
        ("アップデートはしていません。急にメールが送れなくなりました", "os_or_app_bug_after_update"),
        ("I have not updated anything and mail stopped", "os_or_app_bug_after_update"),
        ("パスワードは変更していない。メールが受信できない", "password_changed"),
        ("I have not changed my password but it says the password is incorrect", "password_changed"),
        ("時計は合っています。証明書のエラーが出ます", "clock_skew"),
        ("it's not an outage, everyone else is fine. I can't receive", "provider_outage"),
        ("アプリパスワードは設定済みです。Gmailのパスワードが違うと出る", "app_password_required"),
    ] {
        assert!(cause(denied, id) < 0.15, "{denied}: {id} {}", cause(denied, id));
    }
    for (denied, id) in [
        ("storage is not full but mail does not arrive", "storage_full"),
        ("not a certificate problem, mail just doesn't arrive", "cert_warning"),
        ("証明書の警告は出ない。メールが届かない", "cert_warning"),
        ("アカウントはロックされていない。ログインできない", "account_locked"),
    ] {
        assert_ne!(symptom(denied), id, "{denied}");
    }
    // what cures it speaks for it
    for (cured, id) in [
        ("VPNを切ったら受信できた", "vpn_or_proxy"),
        ("turned off the antivirus and it works", "tls_interception_or_antivirus"),
    ] {
        assert!(cause(cured, id) > 0.3, "{cured}: {}", cause(cured, id));
    }
}

/// Words that were once heard wrongly: a network for the other, somebody else's service or device, a code without its name.
#[test]
fn what_was_heard_wrongly_once_is_heard() {
    let mut wrong = Vec::new();
    for row in include_str!("../../tests/data/asked.tsv").lines().skip(1) {
        let [words, field, expected] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let found = recognise(knowledge(), words);
        let holds = match field {
            "symptom" => found.symptom[0].id == expected,
            "cause" => found.cause[0].id == expected,
            "service" => found.service == expected,
            "device" => found.device == expected,
            "client" => found.client == expected,
            "circumstance" => {
                let (name, value) = expected.split_once('=').unwrap();
                found.circumstances.get(name).is_some_and(|said| said == value)
            }
            "message" => found.messages.iter().any(|one| format!("{}/{}", one.client, one.id) == expected),
            _ => panic!("{row}"),
        };
        if !holds {
            wrong.push(row);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_tried_already_is_told() {
    let tried = |text: &str| recognise(knowledge(), text).tried;
    assert!(
        tried("I already restarted my iPhone twice but mail still won't load").contains("restart_device")
    );
    assert!(tried("iPhoneを再起動しましたが直りません").contains("restart_device"));
    assert!(tried("I already turned iMessage off and on").contains("toggle_imessage"));
    assert!(tried("ルータは再起動しました").contains("restart_router"));
    assert!(!tried("ルータは再起動しました").contains("restart_device"));
    assert!(tried("メールが届かない").is_empty());
}

#[test]
fn circumstances_are_told() {
    let told = |text: &str| recognise(knowledge(), text).circumstances;
    assert_eq!(told("iOSをアップデートしてからメールが来ない")["since"], "update");
    assert_eq!(told("since the last update no mail on my iPhone")["since"], "update");
    assert_eq!(told("Gmail fails, the password is correct")["password"], "right");
    assert_eq!(told("ブラウザでは見れるのにアプリで受信できない")["webmail"], "works");
    assert_eq!(told("ドコモメールが届かない")["carrier"], "docomo");
}

#[test]
fn service_device_and_program_are_told_or_unknown() {
    let told = |text: &str| {
        let found = recognise(knowledge(), text);
        [found.service, found.device, found.client]
    };
    assert_eq!(told("iPhoneのメールでiCloudのメールを受信できない"), ["icloud", "iphone", "ios_mail"]);
    assert_eq!(told("K-9 cannot fetch my Yahoo mail"), ["yahoo", "android", "k9"]);
    assert_eq!(told("レンタルサーバーから送ったメールがGmail宛だけ戻ってくる")[0], "self_hosted");
    assert_eq!(told("mail does not work"), ["unknown", "unknown", "unknown"]);
    assert_eq!(told("ヤフーメールが受信できない")[0], "yahoo_jp");
}

#[test]
fn anything_may_be_written() {
    let long = "あa!".repeat(50_000);
    for text in ["", " ", "\u{0}\u{ffff}", "%@ %S %1$S", "<", "ーーー", "🙈", "...", &long] {
        let found = recognise(knowledge(), text);
        let sum: f64 = found.symptom.iter().map(|scored| scored.p).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_line_of_a_batch_keeps_the_contract() {
    let line = ask_line(knowledge(), "x1", "メールが送れない");
    let line = serde_json::to_value(line).unwrap();
    assert_eq!(line["id"], "x1");
    assert_eq!(line["symptom"][0]["id"], "cannot_send");
    assert!(line["cause"][0]["p"].as_f64().unwrap() > 0.0);
    assert_eq!(line["service"], "unknown");
}

#[test]
fn translations_that_are_not_known_messages_agree() {
    let pairs = include_str!("../../tests/data/message-pairs.tsv");
    let mut differ = Vec::new();
    for line in pairs.lines() {
        let (en, ja) = line.split_once('\t').unwrap();
        let (left, right) = (symptom(en), symptom(ja));
        if left != right {
            differ.push(format!("{en} is {left}, {ja} is {right}"));
        }
    }
    assert!(differ.len() <= 4, "{}\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn what_was_compiled_when_building_is_what_the_files_say() {
    let files = Knowledge::load(&embedded()).unwrap();
    let (compiled, _) = Recogniser::new(&files.words().phrases, &files.words().client_errors);
    let compiled = compiled.write();
    assert!(compiled == BUILT_IN, "{} and {} bytes", compiled.len(), BUILT_IN.len());
    assert!(Recogniser::read(BUILT_IN).write() == BUILT_IN);
}
