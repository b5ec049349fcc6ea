//! The ready letter to support: short, in the person's language, and in the provider's where that is another.

use naosu_core::case::What;
use naosu_core::case::history::told;
use naosu_core::knowledge::{Knowledge, Lang};

use super::Package;
use super::content::{causes, moment, recognised, seen, who};
use crate::pick;
use naosu_core::name::name;

/// The most findings and the most attempts that a letter names; the whole record is with it.
const NAMED: usize = 8;

/// Services whose support reads Japanese only, and those that read every language people write to them in.
const JAPANESE: [&str; 5] = ["docomo", "au", "softbank", "ymobile", "yahoo_jp"];
const WORLDWIDE: [&str; 6] = ["icloud", "apple_id", "imessage", "gmail", "outlook", "google_workspace"];

/// A letter and its language.
pub struct Letter {
    /// Its language.
    pub lang: Lang,
    /// It.
    pub text: String,
}

/// The letters, the person's own language first.
pub(super) fn letters(knowledge: &Knowledge, package: &Package) -> Vec<Letter> {
    let own = package.lang;
    let service = service(knowledge, package);
    let of = |lang| Letter { lang, text: letter(knowledge, package, service.as_deref(), lang) };
    let mut letters = vec![of(own)];
    if let Some(other) = spoken(package, service.as_deref()).filter(|other| *other != own) {
        letters.push(of(other));
    }
    letters
}

/// The service, as said or recognised.
fn service(knowledge: &Knowledge, package: &Package) -> Option<String> {
    let request = package.request();
    let found = || recognised(knowledge, &request).map(|found| found.service);
    request
        .service
        .clone()
        .filter(|service| service != "unknown")
        .or_else(found)
        .filter(|service| service != "unknown")
}

/// The language of the provider's support; nothing where it takes any, or where nobody knows.
fn spoken(package: &Package, service: Option<&str>) -> Option<Lang> {
    match service {
        Some(service) if JAPANESE.contains(&service) => return Some(Lang::Ja),
        Some(service) if WORLDWIDE.contains(&service) => return None,
        _ => {}
    }
    let address = package.request().address?;
    let (_, domain) = address.rsplit_once('@')?;
    let japanese = domain.to_ascii_lowercase().ends_with(".jp") || !domain.is_ascii();
    Some(if japanese { Lang::Ja } else { Lang::En })
}

fn letter(knowledge: &Knowledge, package: &Package, service: Option<&str>, lang: Lang) -> String {
    let id = package.id;
    let apple = matches!(service, Some("icloud" | "apple_id" | "imessage"));
    let to = match service {
        _ if apple => pick(lang, "Apple Support", "Appleサポート").to_owned(),
        Some("isp" | "self_hosted" | "other") | None => {
            pick(lang, "Support of the mail provider", "メール提供元 サポートご担当者様").to_owned()
        }
        Some(service) => {
            let name = name(service, lang);
            pick(lang, format!("Support of {name}"), format!("{name} サポートご担当者様"))
        }
    };
    let mut out = pick(
        lang,
        format!(
            "Subject: Trouble with my account or mail (report {id})\n\n{to},\n\nplease look into the following trouble.\n"
        ),
        format!(
            "件名: アカウント・メールの不具合について(報告 {id})\n\n{to}\n\n次の不具合について、ご確認をお願いします。\n"
        ),
    );
    let part = |out: &mut String, en: &str, ja: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("\n{}\n", pick(lang, en, ja)));
            for line in lines {
                out.push_str(&format!("- {}\n", line.replace('\n', " / ")));
            }
        }
    };
    let row = |head: &str, text: &str| pick(lang, format!("{head}: {text}"), format!("{head}: {text}"));
    let about = who(knowledge, package, lang).iter().map(|known| row(&known.head, &known.text)).collect();
    part(&mut out, "Device, account and message", "端末・アカウント・メッセージ", about);
    if let Some(evidence) = package.measured() {
        let bad: Vec<String> = seen(knowledge, evidence, lang)
            .iter()
            .filter(|seen| seen.bad)
            .take(NAMED)
            .map(|seen| row(&seen.head, &seen.text))
            .collect();
        part(&mut out, "What was measured as not working", "測定で正常でなかったもの", bad);
        let likely = causes(knowledge, evidence, lang);
        let likely = likely.iter().take(1).map(|cause| {
            let (text, head) = (&cause.text, &cause.head);
            pick(lang, format!("{text} ({head})"), format!("{text}({head})"))
        });
        part(&mut out, "Likely cause", "考えられる原因", likely.collect());
    }
    let back = package.taken_back();
    let tried: Vec<String> = package
        .events
        .iter()
        .enumerate()
        .filter(|(index, _)| !back.contains(index))
        .filter(|(_, event)| {
            matches!(
                event.what,
                What::Done { .. } | What::Fixed { .. } | What::NotFixed { .. } | What::CouldNot { .. }
            )
        })
        .map(|(_, event)| format!("{}  {}", moment(event), told(knowledge, &event.what, lang)))
        .collect();
    // the latest are those that matter
    let tried = tried[tried.len().saturating_sub(NAMED)..].to_vec();
    part(&mut out, "What was tried", "試したこと", tried);
    out.push_str(match (lang, apple) {
        (Lang::En, true) => {
            "\nPlease check the state of the account and of the service on your side, and tell me the number of this \
             request.\n"
        }
        (Lang::Ja, true) => {
            "\nアカウントとサービスの状態をご確認いただき、受付番号をお知らせください。\n"
        }
        (Lang::En, false) => {
            "\nPlease check the account and the records of the server on your side, and tell me the number of this \
             request.\n"
        }
        (Lang::Ja, false) => {
            "\nサーバ側のアカウントの状態と記録をご確認いただき、受付番号をお知らせください。\n"
        }
    });
    out.push_str(pick(
        lang,
        "The enclosed report has all measurements and what was done, with times. What looked like a password was taken out.\n",
        "添付の資料に、測定結果と経過のすべてを日時とともに記録しています。パスワードと思われるものは取り除いてあります。\n",
    ));
    out
}
