//! Every scenario of the repository.

use std::time::Duration;

use naosu_lab::catalogue;
use naosu_lab::world::World;

use crate::client::{self, Client};

#[test]
fn every_scenario_can_be_read() {
    let names = catalogue::names();
    assert!(names.contains(&"healthy"));
    for name in names {
        let scenario = catalogue::load(name).unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.title.en.is_empty() && !scenario.title.ja.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn every_world_starts_and_leaves_nothing_behind() {
    for name in catalogue::in_process() {
        let scenario = catalogue::load(name).unwrap().unwrap();
        let before = tasks();
        let world = World::start(&scenario).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let left = world.arguments.iter().find(|argument| argument.contains('{'));
        assert_eq!(left, None, "{name}: a placeholder stays");
        for option in ["--resolver", "--ntp", "--connectivity-url", "--ca-file"] {
            assert!(world.arguments.iter().any(|argument| argument == option), "{name}: {option}");
        }
        let directory = world.directory().to_owned();
        assert!(directory.join("ca.pem").exists());
        tokio::time::timeout(Duration::from_secs(5), world.stop())
            .await
            .unwrap_or_else(|_| panic!("{name} does not stop"));
        assert!(!directory.exists(), "{name}");
        // Every port belongs to a task, so that a port without one is free.
        assert_eq!(tasks(), before, "{name}");
    }
}

#[tokio::test]
async fn stopping_ends_conversations_too() {
    let before = tasks();
    let world = client::world("round_trip_ms = 2\nsmtp.hostile.ehlo = \"endless_lines\"").await;
    let mut client = Client::plain(world.endpoints["smtp"]).await;
    client.line().await;
    client.send("EHLO naosu.test").await;
    assert!(client.drain(100_000).await >= 100_000);
    world.stop().await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks(), before);
}

/// The tasks of this test's runtime.
fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn the_password_is_handed_over_in_a_file_only() {
    let scenario = catalogue::load("healthy").unwrap().unwrap();
    let world = World::start(&scenario).await.unwrap();
    let password = scenario.check.password.unwrap();
    assert!(world.arguments.iter().all(|argument| !argument.contains(&password)));
    let at = world.arguments.iter().position(|argument| argument == "--password-file").unwrap();
    assert_eq!(std::fs::read_to_string(&world.arguments[at + 1]).unwrap().trim_end(), password);
}

#[tokio::test]
async fn hostile_worlds_start() {
    for (name, scenario) in naosu_lab::hostile::scenarios().into_iter().step_by(17) {
        World::start(&scenario).await.unwrap_or_else(|error| panic!("{name}: {error:?}")).stop().await;
    }
}

#[test]
fn expected_causes_are_in_the_taxonomy() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../knowledge/taxonomy.toml"))
        .unwrap();
    let taxonomy: toml::Table = text.parse().unwrap();
    let causes = taxonomy["cause"].as_table().unwrap();
    for name in catalogue::names() {
        let expect = catalogue::load(name).unwrap().unwrap().expect;
        for cause in expect.cause.iter().chain(&expect.also) {
            assert!(causes.contains_key(cause), "{name}: {cause}");
        }
    }
}
