//! What services, devices and mail programs are called.

use crate::knowledge::Lang;

/// The name of a service, device or client of the taxonomy; its id where it has no other.
pub fn name(id: &str, lang: Lang) -> &str {
    let (en, ja) = match id {
        "icloud" => ("iCloud", "iCloud"),
        "gmail" => ("Gmail", "Gmail"),
        "yahoo" => ("Yahoo Mail", "Yahoo Mail(海外)"),
        "yahoo_jp" => ("Yahoo! Japan Mail", "Yahoo!メール"),
        "outlook" => ("Outlook", "Outlook"),
        "docomo" => ("docomo Mail", "ドコモメール"),
        "au" => ("au Mail", "auメール"),
        "softbank" => ("SoftBank Mail", "ソフトバンクメール"),
        "ymobile" => ("Y!mobile Mail", "ワイモバイルメール"),
        "apple_id" => ("Apple Account (Apple ID)", "Apple Account(Apple ID)"),
        "imessage" => ("iMessage", "iMessage"),
        "isp" => ("internet provider's mail", "プロバイダのメール"),
        "self_hosted" => ("own domain or server", "独自ドメイン・自社サーバ"),
        "other" => ("another", "その他"),
        "iphone" => ("iPhone", "iPhone"),
        "ipad" => ("iPad", "iPad"),
        "mac" => ("Mac", "Mac"),
        "android" => ("Android", "Android"),
        "windows" => ("Windows", "Windows"),
        "linux" => ("Linux", "Linux"),
        "ios_mail" => ("Mail on iPhone and iPad", "iPhone・iPadの「メール」"),
        "mac_mail" => ("Mail on Mac", "Macの「メール」"),
        "thunderbird" => ("Thunderbird", "Thunderbird"),
        "windows_live_mail" => ("Windows Live Mail", "Windows Liveメール"),
        "gmail_app" => ("Gmail app", "Gmailアプリ"),
        "k9" => ("K-9 Mail", "K-9 Mail"),
        _ => return id,
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}
