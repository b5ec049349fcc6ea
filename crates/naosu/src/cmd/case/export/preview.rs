//! What is in a package and what was taken out, as text to look at before it is given away.

use naosu_core::knowledge::{Knowledge, Lang};
use naosu_papers::package::Package;

use crate::language::pick;
use crate::render::page::tame;

/// The preview.
pub(super) fn preview(knowledge: &Knowledge, package: &Package) -> String {
    let lang = package.lang;
    let mut out = String::new();
    for section in package.sections(knowledge) {
        out.push_str(&format!("\n{}\n", section.heading));
        for row in section.rows {
            out.push_str(&format!("  {}: {}\n", row.head, tame(&row.text)));
        }
    }
    for letter in package.letters(knowledge) {
        let language = pick(letter.lang, "English", "日本語");
        out.push_str(&pick(lang, format!("\nLetter ({language})\n"), format!("\n文面({language})\n")));
        for line in letter.text.lines() {
            out.push_str(&format!("  {}\n", tame(line)));
        }
    }
    out.push_str(&format!("\n{}\n", pick(lang, "In the package", "資料に入るもの")));
    for line in held(package) {
        out.push_str(&format!("  + {line}\n"));
    }
    out.push_str(&format!("{}\n", pick(lang, "Taken out", "取り除いたもの")));
    for line in taken_out(package) {
        out.push_str(&format!("  - {line}\n"));
    }
    out
}

fn held(package: &Package) -> Vec<String> {
    let lang = package.lang;
    let events = package.events.len();
    let seen = package.measured().map_or(0, |evidence| evidence.observations.len());
    let mut lines = vec![pick(
        lang,
        format!("a page, a letter, and as JSON: {events} events, {seen} observations"),
        format!("ページ、文面、JSONデータ(経過 {events}件、測定結果 {seen}件)"),
    )];
    for (index, picture) in package.pictures.iter().enumerate() {
        let number = index + 1;
        let (width, height, size) = (picture.width, picture.height, picture.bytes.len().div_ceil(1024));
        lines.push(pick(
            lang,
            format!("screenshot {number}: {width} × {height}, {size} kB; what it shows can be read, so look at it first"),
            format!("画像 {number}: {width} × {height}、{size} kB。写っている内容はそのまま読めるので、確認してください"),
        ));
    }
    if let Some(serial) = &package.serial {
        lines.push(pick(
            lang,
            format!("the serial number {serial}, readable, because you gave it"),
            format!("シリアル番号 {serial}(指定されたため、そのまま入ります)"),
        ));
    }
    lines
}

fn taken_out(package: &Package) -> Vec<String> {
    let lang = package.lang;
    let masked = package.masked;
    let mut lines = vec![
        pick(
            lang,
            "passwords: what looks like a password, code, key or card number in the words is starred; a password that is an \
             ordinary word cannot be told from one, so look through the words",
            "パスワード: 言葉の中のパスワード・確認コード・キー・カード番号らしいものは伏せます。ふつうの単語のパスワードは\
             見分けられないので、言葉を確認してください",
        )
        .to_owned(),
        match (lang, package.kept) {
            (Lang::En, false) => "addresses, telephone numbers and sign-in names: masked (--keep-addresses leaves them); \
                                  other names of people in the words are not found, so look through them; support will ask for the address, so add it to the letter where you trust who gets it"
                .to_owned(),
            (Lang::Ja, false) => "アドレス、電話番号、サインイン名: 伏せました(--keep-addresses でそのまま入ります)。言葉の中のほかの人名は\
                                  見つけられないので、確認してください。サポートではアドレスを聞かれる\
                                  ので、信頼できる相手に送るときは文面に書き足してください"
                .to_owned(),
            (Lang::En, true) => "addresses, telephone numbers and names: nothing, they stay readable".to_owned(),
            (Lang::Ja, true) => "アドレス、電話番号、名前: 取り除いていません。そのまま読めます".to_owned(),
        },
        pick(lang, format!("masked in {masked} texts"), format!("伏せた箇所: {masked}件")),
    ];
    if !package.pictures.is_empty() {
        lines.push(
            pick(
                lang,
                "place, time, device and comments stored in the pictures, and their file names",
                "画像に埋め込まれた場所・日時・機種・コメントと、ファイル名",
            )
            .to_owned(),
        );
    }
    lines
}
