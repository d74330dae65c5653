//! Calls every operation of the API's document, and runs the scenarios of `sdk/conformance`. A step that it does not know fails.
//! `npm run test:sdk -- rust` starts the service of the scenarios; without it only the operations are called.
#![allow(clippy::unwrap_used)]

mod calls;
mod expect;
mod given;
mod operations;
mod own;
mod scenario;
mod verifying;

use given::{Given, Outcome, Suite};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Tests with one name a line, as those of `cargo test`.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Report {
    fn test(&mut self, name: &str, run: impl FnOnce()) -> bool {
        let is_passed = std::panic::catch_unwind(AssertUnwindSafe(run)).is_ok();
        println!(
            "test {name} ... {}",
            if is_passed { "ok" } else { "FAILED" }
        );
        *(if is_passed {
            &mut self.passed
        } else {
            &mut self.failed
        }) += 1;
        is_passed
    }

    fn ignore(&mut self, name: &str, reason: &Value) {
        println!("test {name} ... ignored, {reason}");
        self.ignored += 1;
    }
}

fn run_operations(runtime: &Runtime, filter: &str, report: &mut Report) {
    let service = operations::Service::start();
    let all = operations::documented();
    let called = all
        .iter()
        .filter(|one| one.call.contains(filter))
        .filter(|one| {
            report.test(&one.call, || {
                runtime.block_on(operations::run(one, &service))
            })
        })
        .count();
    println!("{called} of {} operations were called", all.len());
}

fn run_scenarios(runtime: &Runtime, url: String, filter: &str, report: &mut Report) {
    let setting = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let folder = std::path::PathBuf::from(setting("AGENTIDP_SUITE_SCENARIOS"));
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    assert_eq!(files.len(), 80, "no scenario is missing");
    let exemptions: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("../exemptions.json")).unwrap())
            .unwrap();
    let own: Vec<_> = exemptions
        .iter()
        .filter(|one| one["language"] == "rust")
        .collect();
    assert!(own.len() <= 2, "there are too many exemptions");
    let suite = Arc::new(Suite {
        url,
        control: setting("AGENTIDP_SUITE_CONTROL"),
        http: reqwest::Client::new(),
    });
    for file in files {
        let scenario: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let id = scenario["id"].as_str().unwrap();
        let name = format!("{} {id}", scenario["number"]);
        if !name.contains(filter) {
            continue;
        }
        if let Some(exemption) = own.iter().find(|one| one["number"] == scenario["number"]) {
            assert!(
                scenario["must"] != true,
                "a scenario that must pass cannot be left out"
            );
            report.ignore(&name, &exemption["reason"]);
            continue;
        }
        report.test(&name, || {
            runtime.block_on(scenario::run(&scenario, Arc::clone(&suite)))
        });
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let mut report = Report::default();
    run_operations(&runtime, &filter, &mut report);
    match std::env::var("AGENTIDP_SUITE_URL") {
        Ok(url) => run_scenarios(&runtime, url, &filter, &mut report),
        Err(_) => {
            println!("The scenarios are left out: `npm run test:sdk -- rust` starts their service.")
        }
    }
    let Report {
        passed,
        failed,
        ignored,
    } = report;
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {outcome}. {passed} passed; {failed} failed; {ignored} ignored");
    if failed > 0 {
        std::process::exit(1);
    }
}
