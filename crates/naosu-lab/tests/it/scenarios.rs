//! Every scenario of the repository.

use std::time::Duration;

use naosu_lab::catalogue;
use naosu_lab::world::World;
use tokio::net::TcpListener;

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
        let world = World::start(&scenario).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let left = world.arguments.iter().find(|argument| argument.contains('{'));
        assert_eq!(left, None, "{name}: a placeholder stays");
        for option in ["--resolver", "--ntp", "--connectivity-url", "--ca-file"] {
            assert!(world.arguments.iter().any(|argument| argument == option), "{name}: {option}");
        }
        let directory = world.directory().to_owned();
        let endpoints = world.endpoints.clone();
        assert!(directory.join("ca.pem").exists());
        tokio::time::timeout(Duration::from_secs(5), world.stop())
            .await
            .unwrap_or_else(|_| panic!("{name} does not stop"));
        assert!(!directory.exists(), "{name}");
        for (endpoint, address) in endpoints {
            TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{name}: {endpoint}: {error}"));
        }
    }
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
