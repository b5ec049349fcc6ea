//! How long cases are kept, and that nothing is left of those that are gone; in both databases.

use std::thread;
use std::time::{Duration, Instant};

use naosu_server::Keeping;

use crate::postgres::Cluster;
use crate::server::Server;

/// Tables with parts of cases.
const PARTS: [&str; 7] = ["event", "note", "by_helper", "term", "move_code", "further_link", "delivery"];

/// A server with each database that is here.
fn with_each(test: impl Fn(Server)) {
    test(Server::start());
    match Cluster::start() {
        Some(cluster) => test(Server::keeping(Keeping::Postgres(cluster.url()))),
        None => eprintln!("skipped: PostgreSQL is not installed"),
    }
}

fn open(server: &Server) -> String {
    server.browser().post("/cases", &[("words", "iPhoneでメールを取得できません")]).goes_to().to_owned()
}

/// In how many rows something of a case is kept.
fn kept(server: &Server, case: i64) -> i64 {
    PARTS
        .iter()
        .map(|part| server.number(&format!("SELECT COUNT(*) FROM {part} WHERE case_id = {case}")))
        .sum::<i64>()
        + server.number(&format!("SELECT COUNT(*) FROM case_file WHERE id = {case}"))
}

#[test]
fn a_case_in_which_nothing_happens_is_forgotten_with_all_that_belongs_to_it() {
    with_each(|server| {
        let [silent, fresh, waiting, over] = [(); 4].map(|()| open(&server));
        let mut person = server.browser();
        person.post(&format!("{silent}/code"), &[]);
        assert!(person.get(&silent).body.contains("deleted by itself on this day"));
        for (place, part) in
            PARTS.iter().enumerate().filter(|(_, part)| !matches!(**part, "event" | "term" | "move_code"))
        {
            let values = match *part {
                "note" => "(case_id, helper, name, at, text) VALUES (1, 1, 'hana', 1, 'x')",
                "by_helper" => "(case_id, sequence, name) VALUES (1, 0, 'hana')",
                "further_link" => "(case_id, link) VALUES (1, 'x')",
                _ => "(case_id, webhook, message, payload, attempts, due_at) VALUES (1, 1, 'x', '{}', 0, 1)",
            };
            server.execute(&format!("INSERT INTO {part} {values} /* {place} */"));
        }
        assert!(
            PARTS
                .iter()
                .all(|part| { server.number(&format!("SELECT COUNT(*) FROM {part} WHERE case_id = 1")) > 0 })
        );
        person.post(&format!("{over}/stop"), &[]).goes_to();
        let year = 365 * 86_400;
        server.execute(&format!("UPDATE case_file SET last_at = last_at - {year} WHERE id <> 2"));
        server.execute(&format!("UPDATE case_file SET due_at = last_at + {year} + 86400 WHERE id = 3"));

        // a server looks when it starts
        let again = Server::keeping(server.keeping.clone());
        let end = Instant::now() + Duration::from_mins(1);
        while [&silent, &over].iter().any(|link| again.browser().get(link).status != 404) {
            assert!(Instant::now() < end, "they are still there");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!([kept(&again, 1), kept(&again, 4)], [0, 0]);
        for link in [&fresh, &waiting] {
            assert_eq!(again.browser().get(link).status, 200);
        }
    });
}

#[test]
fn where_cases_are_kept_for_ever_no_day_is_told() {
    let server = Server::start();
    let link = open(&server);
    let ever = Server::keeping_for(server.keeping.clone(), 0);
    assert!(!ever.browser().get(&link).body.contains("deleted by itself"));
}

#[test]
fn whatever_is_added_while_a_case_is_deleted_leaves_nothing_behind() {
    with_each(|server| {
        for case in 1..=12 {
            let link = open(&server);
            thread::scope(|scope| {
                for path in ["answer", "code", "delete", "language"] {
                    let (server, link) = (&server, &link);
                    scope.spawn(move || {
                        let form = [("at", "1"), ("answer", "unknown"), ("lang", "ja")];
                        let answer = server.browser().post(&format!("{link}/{path}"), &form);
                        assert!(matches!(answer.status, 200 | 303 | 404 | 409), "{path}: {answer:?}");
                    });
                }
            });
            assert_eq!(server.browser().get(&link).status, 404);
            assert_eq!(kept(&server, case), 0, "case {case}");
        }
    });
}
