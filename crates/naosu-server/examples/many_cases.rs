//! How quick the desk is with many cases.
//!
//! ```text
//! cargo build --release -p naosu
//! cargo run --example many_cases -p naosu-server -- fill DIR|postgres://… 100000
//! cargo run --example many_cases -p naosu-server -- measure DIR|postgres://… 2000 target/release/naosu
//! ```
//!
//! `fill` plays some hundred cases with the built-in knowledge and keeps them many times over, with other times; `measure`
//! starts the program as a server of its own, asks for pages as helpers do, and prints how long the answers took and what
//! memory the server used.
#![allow(clippy::print_stdout, reason = "it prints figures")]
#![allow(
    clippy::similar_names,
    clippy::type_complexity,
    clippy::expect_used,
    reason = "an example that measures, read once"
)]

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use naosu_core::case::{Case, Driver, Event, Next, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::intake::recognise;
use naosu_core::intake::terms::terms;
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_server::{Helpers, Keeping, Role};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use self::client::{Client, told_times};
use self::server::Server;

#[path = "measuring/client.rs"]
mod client;
#[path = "measuring/server.rs"]
mod server;

/// Cases that are played; the others repeat them.
const PLAYED: usize = 300;
/// Cases in one statement.
const BATCH: usize = 1_000;
const HALF_YEAR: u64 = 182 * 86_400;
const NAME: &str = "measure";
const PASSWORD: &str = "a password for measuring";

const SAID: [&str; 24] = [
    "iPhoneでメールを取得できません。サーバへの接続に失敗しました",
    "Cannot Get Mail. The connection to the server failed.",
    "ドコモメールが昨日から届かない",
    "Outlook 0x800CCC0E on Windows 11",
    "Apple IDサーバへの接続中にエラーが発生しました",
    "iMessageがサインアウトされています",
    "Gmail asks for the password again and again on my Mac",
    "auメールが送信できない 圏外ではない",
    "Yahoo!メールの容量がいっぱいと出る",
    "My mailbox is full and mail bounces",
    "証明書が無効ですと出ます 会社のメール",
    "Android Gmail app not syncing",
    "ソフトバンクメール アカウント設定が完了していません",
    "iCloud mail not working on iPad since update",
    "パスワードを変えたら受信できなくなった",
    "sending mail fails, relay access denied",
    "迷惑メールに入ってしまう",
    "two factor code does not arrive",
    "機内モードは切ってあるのにネットにつながらない",
    "the wifi works but mail does not",
    "送信済みに入らない",
    "Thunderbird cannot verify the certificate",
    "ワイモバイルメール 受信できません",
    "account locked after too many attempts",
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, place, count, rest @ ..] = arguments.as_slice() else {
        bail!("fill DIR|URL COUNT, or measure DIR|URL COUNT PROGRAM")
    };
    let keeping = if place.starts_with("postgres:") {
        Keeping::Postgres(place.clone())
    } else {
        Keeping::Folder(PathBuf::from(place))
    };
    let count: usize = count.parse().context("COUNT")?;
    match (what.as_str(), rest) {
        ("fill", []) => {
            let knowledge = Knowledge::built_in().map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
            tokio::runtime::Runtime::new()?.block_on(fill(&knowledge, &keeping, count))
        }
        ("measure", [program]) => measure(program, place, count),
        _ => bail!("fill, or measure with a program"),
    }
}

/// A case that was played, as it is kept.
struct Played {
    state: &'static str,
    row: Value,
    terms: Vec<String>,
    events: Vec<Event>,
}

fn play(knowledge: &Knowledge, random: &mut StdRng) -> Vec<Played> {
    let evidence = evidence();
    (0..PLAYED).map(|_| one(knowledge, &evidence, random)).collect()
}

fn one(knowledge: &Knowledge, measured: &[Evidence], random: &mut StdRng) -> Played {
    let words = SAID[random.random_range(0..SAID.len())];
    let lang = if words.is_ascii() { Lang::En } else { Lang::Ja };
    let request = Request { words: Some(words.to_owned()), ..Request::default() };
    let mut case = Case::new(0, request, lang);
    if random.random_bool(0.4) && !measured.is_empty() {
        let mut seen = measured[random.random_range(0..measured.len())].clone();
        seen.request.words = Some(words.to_owned());
        case.apply(Event { at: 60, what: What::Measured(Box::new(seen)) }).expect("the case is open");
    }
    let steps = random.random_range(0..14);
    for step in 0..steps {
        let at = 120 * (step + 1);
        let next = match case.next(knowledge, Driver::Talks) {
            Next::Step(step) => step,
            Next::Closed(closing) => {
                case.apply(Event { at, what: What::Closed(closing) }).expect("the case is open");
                break;
            }
        };
        let answer = match next.options.len() {
            0 => ["fixed", "not_fixed", "not_fixed", "unknown"][random.random_range(0..4)].to_owned(),
            many => next.options[random.random_range(0..many)].id.clone(),
        };
        let Some(what) = case.answer(knowledge, &next, &answer) else { break };
        case.apply(Event { at, what }).expect("the case is open");
    }
    let said = recognise(knowledge, words);
    let (state, cause) = match case.next(knowledge, Driver::Talks) {
        Next::Closed(closing) => (if closing.resolved { "resolved" } else { "unresolved" }, closing.cause),
        Next::Step(step) if step.kind == "wait" => ("waiting", step.addresses.first().cloned()),
        Next::Step(step) => ("open", step.addresses.first().cloned()),
    };
    let first =
        |all: &[naosu_core::intake::Scored]| all.first().map_or("unknown".to_owned(), |one| one.id.clone());
    let cause = cause.unwrap_or_else(|| first(&said.cause));
    let row = json!([
        state,
        lang.tag(),
        first(&said.symptom),
        cause,
        said.device,
        said.client,
        said.service,
        case.events().len() - 1,
        words
    ]);
    Played { state, row, terms: terms(words).into_iter().collect(), events: case.events().to_vec() }
}

/// The evidence of the scenarios in the repository.
fn evidence() -> Vec<Evidence> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts =
        folders.filter_map(|folder| std::fs::read_to_string(folder.path().join("evidence.json")).ok());
    texts.filter_map(|text| serde_json::from_str(&text).ok()).collect()
}

async fn fill(knowledge: &Knowledge, keeping: &Keeping, count: usize) -> Result<()> {
    let began = Instant::now();
    let mut random = StdRng::seed_from_u64(4);
    let played = play(knowledge, &mut random);
    let helpers = Helpers::open(keeping).await?;
    helpers.add(NAME, Role::Administrator, PASSWORD).await?;
    println!("played {PLAYED} in {:?}", began.elapsed());
    sqlx::any::install_default_drivers();
    let postgres = matches!(keeping, Keeping::Postgres(_));
    let url = match keeping {
        Keeping::Folder(folder) => format!("sqlite://{}", folder.join("naosu.sqlite3").display()),
        Keeping::Postgres(url) => url.clone(),
    };
    let pool = sqlx::AnyPool::connect(&url).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for begin in (0..count).step_by(BATCH) {
        let (mut rows, mut terms, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for id in begin + 1..=(begin + BATCH).min(count) {
            let case = &played[random.random_range(0..played.len())];
            let opened = now - random.random_range(0..HALF_YEAR);
            let last = opened + random.random_range(60..if case.state == "open" { 86_400 } else { 864_000 });
            let mut row = case.row.as_array().cloned().unwrap_or_default();
            row.extend([json!(id), json!(format!("measure{id}")), json!(opened), json!(last)]);
            rows.push(Value::Array(row));
            terms.extend(case.terms.iter().map(|term| json!([term, id])));
            // a word that few cases have
            terms.push(json!([format!("no{}", id % 5_000), id]));
            for (sequence, event) in case.events.iter().enumerate() {
                let event = Event { at: opened + event.at, what: event.what.clone() };
                events.push(json!([id, sequence, event.at, serde_json::to_string(&event)?]));
            }
        }
        let mut work = pool.begin().await?;
        let field = |place: usize, kind: &str| {
            if postgres { format!("CAST(value->>{place} AS {kind})") } else { format!("value->>{place}") }
        };
        let source =
            if postgres { "jsonb_array_elements(CAST($1 AS jsonb)) AS value" } else { "json_each($1)" };
        for (table, columns, kinds, values) in [
            (
                "case_file",
                "state, lang, symptom, cause, device, client, service, steps, words, id, link, opened_at, last_at",
                "TTTTTTTBTBTBB",
                rows,
            ),
            ("term", "term, case_id", "TB", terms),
            ("event", "case_id, sequence, at, event", "BBBT", events),
        ] {
            let fields: Vec<String> = kinds
                .chars()
                .enumerate()
                .map(|(place, kind)| field(place, if kind == 'T' { "TEXT" } else { "BIGINT" }))
                .collect();
            let text = format!("INSERT INTO {table} ({columns}) SELECT {} FROM {source}", fields.join(", "));
            sqlx::query(sqlx::AssertSqlSafe(text))
                .bind(Value::Array(values).to_string())
                .execute(&mut *work)
                .await?;
        }
        work.commit().await?;
    }
    if postgres {
        // the next case gets the number after these
        let next =
            "SELECT setval(pg_get_serial_sequence('case_file', 'id'), (SELECT MAX(id) FROM case_file))";
        sqlx::query(next).execute(&pool).await?;
    }
    println!("kept {count} in {:?}", began.elapsed());
    Ok(())
}

fn measure(program: &str, place: &str, count: usize) -> Result<()> {
    let server = Server::start(program, place)?;
    println!("memory at rest: {}", server.memory());
    let mut client = Client::new(server.address)?;
    let signed_in = client.post("/desk/sign-in", &[("name", NAME), ("password", PASSWORD)])?;
    anyhow::ensure!(signed_in.status == 303, "the sign-in: {}", signed_in.status);
    let queries: [(&str, fn(&mut StdRng) -> String); 9] = [
        ("list", |_| "/desk".to_owned()),
        ("one filter", |random| {
            format!("/desk?device={}", pick(random, &["iphone", "windows", "mac", "linux"]))
        }),
        ("three filters", |random| {
            let (device, service) =
                (pick(random, &["iphone", "ipad", "android"]), pick(random, &["icloud", "docomo", "gmail"]));
            format!("/desk?state=resolved&device={device}&service={service}&order=oldest")
        }),
        ("nothing fits", |_| "/desk?cause=dns_hijack&device=linux&state=waiting&service=au".to_owned()),
        ("frequent words", |random| {
            format!(
                "/desk?q={}",
                pick(random, &["mail", "%E3%83%A1%E3%83%BC%E3%83%AB", "the+mail", "connection+server"])
            )
        }),
        ("rare word", |random| format!("/desk?q=no{}", random.random_range(0..5_000))),
        ("words that never meet", |_| "/desk?q=outlook+thunderbird+mail".to_owned()),
        ("deep page", |random| {
            format!(
                "/desk?after={}.50000&order=oldest",
                1_700_000_000 + random.random_range(0..99_999_999_u32)
            )
        }),
        ("case", |random| format!("/desk/case/{}", random.random_range(1..=10_000))),
    ];
    let mut random = StdRng::seed_from_u64(5);
    let mut all = Vec::new();
    for (name, query) in queries {
        let mut times = Vec::new();
        for _ in 0..(count / queries.len()).max(1) {
            let path = query(&mut random);
            let began = Instant::now();
            client.get(&path)?;
            times.push(began.elapsed());
        }
        println!("{name:24} {}", told_times(&mut times));
        all.extend(times);
    }
    println!("{:24} {}", "all", told_times(&mut all));
    for turn in ["statistics, counted", "statistics, a minute old"] {
        let began = Instant::now();
        client.get("/desk/statistics")?;
        println!("{turn:24} {:?}", began.elapsed());
    }
    println!("memory: {}", server.memory());
    Ok(())
}

fn pick<'a>(random: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[random.random_range(0..of.len())]
}
