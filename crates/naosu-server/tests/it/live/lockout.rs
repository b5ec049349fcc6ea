//! A stranger's account cannot be locked through the page, from however many addresses, cases and spellings, over a restart
//! of the server and in both databases.

use super::*;
use crate::postgres::Cluster;

/// Tries before the restart, and after it.
const TRIES: [usize; 2] = [8, 3];

#[tokio::test(flavor = "multi_thread")]
async fn many_addresses_cannot_lock_a_strangers_account() {
    let folder = TempDir::new().unwrap();
    from_many_addresses(Keeping::Folder(folder.path().to_owned())).await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    match &cluster {
        Some(cluster) => from_many_addresses(Keeping::Postgres(cluster.url())).await,
        None => eprintln!("skipped: PostgreSQL is not installed"),
    }
    tokio::task::spawn_blocking(move || drop(cluster)).await.unwrap();
}

async fn from_many_addresses(keeping: Keeping) {
    let lab = Lab::start("healthy").await;
    let (local, domain) = lab.given["address"].split_once('@').unwrap();
    let mut number = 0;
    for tries in TRIES {
        let server = Serving::keeping(keeping.clone(), Policy::Open, lab.outside.clone()).await;
        for _ in 0..tries {
            number += 1;
            // the same account, however it is written
            let address = match number % 3 {
                0 => format!("{}@{domain}", local.to_uppercase()),
                1 => format!("{local}@{domain}"),
                _ => format!("{local}@{}", domain.to_uppercase()),
            };
            let from = format!("X-Forwarded-For: 198.51.{number}.7\r\n");
            let words = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("address", address.as_str())])
                .finish();
            let opened = server.say_with("POST /cases", &from, words.as_bytes()).await;
            // whoever gave an address comes to measuring first
            let measure =
                opened.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
            let case = measure.strip_suffix("/measure").unwrap().to_owned();
            let password = format!("guess number {number}");
            let mut form = lab.form(Some(&password));
            form.push(("other_password", "yes"));
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let begun = server.say_with(&format!("POST {measure}"), &from, form.as_bytes()).await;
            assert!(matches!(begun.status, 303 | 429), "{begun:?}");
            if begun.status == 303 {
                server.to_the_end(&case).await;
            }
        }
    }
    let mut sent: Vec<String> = lab.world.sign_ins().into_iter().map(|sign_in| sign_in.server).collect();
    assert!(!sent.is_empty(), "the first guess was sent");
    let all = sent.len();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), all, "no server heard a second guess");
}
