//! The planner: the spreadsheet as it is in, a list of steps out. Sends nothing.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::survey::{Names, Survey, Tab};
use super::{keys_tab, requests, summary_tab, usage_tab};

/// What is to be done, in order, and what is not.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// What differs from what we would make, and is left as it is because a person made it.
    pub(crate) left: Vec<String>,
}

/// One thing to do.
#[derive(Debug)]
pub(crate) struct Step {
    /// In plain words, beginning with the tab.
    pub(crate) says: String,
    /// As the API takes it.
    pub(crate) requests: Vec<Json>,
}

/// Why nothing is changed. Each message says what was found and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "the tab {tab} has no usable header ({fault}); {found}; nothing was changed: put the names of the columns \
         (api_key, client_name, is_active) into the row above the keys, or let GOOGLE_SHEET_NAME name another tab, which \
         will be made"
    )]
    NoHeader { tab: String, fault: String, found: String },
    #[error(
        "the tab {tab} holds something else than the server's usage (no row at its top has all of its columns); nothing was changed: rename that tab, or let \
         GOOGLE_USAGE_SHEET_NAME name another one, which will be made"
    )]
    NotUsage { tab: String },
    #[error(
        "the tab {wanted} would differ from {there} in capitals only, which google does not take; nothing was changed: \
         rename {there}, or use its name in the settings"
    )]
    CaseTwin { wanted: String, there: String },
    #[error(
        "{0} is to be two tabs at once; nothing was changed: give GOOGLE_SHEET_NAME and GOOGLE_USAGE_SHEET_NAME names of their own, other than Summary"
    )]
    SameName(String),
    #[error(
        "the spreadsheet's time zone is not known; nothing was changed: choose one under file > settings"
    )]
    TimeZone,
}

/// Plans all three tabs. `now` decides which changes of the clocks the summary knows of.
pub(crate) fn plan(survey: &Survey, names: &Names, now: Timestamp) -> Result<Plan, Refused> {
    check_names(survey, names)?;
    let mut plan = Plan::default();
    let mut ids = Ids::new(survey);
    let keys = keys_tab::plan(survey, names, &mut ids, &mut plan)?;
    let usage = usage_tab::plan(survey, names, &mut ids, &mut plan)?;
    summary_tab::plan(survey, &keys, &usage, &mut ids, &mut plan, now)?;
    Ok(plan)
}

impl Plan {
    pub(super) fn step(&mut self, says: impl Into<String>, requests: Vec<Json>) {
        self.steps.push(Step { says: says.into(), requests });
    }

    pub(super) fn leave(&mut self, says: impl Into<String>) {
        self.left.push(says.into());
    }

    /// All requests of all steps, for one batch: done whole or not at all.
    pub(crate) fn requests(&self) -> Vec<Json> {
        self.steps.iter().flat_map(|step| step.requests.iter().cloned()).collect()
    }

    /// The tab as it is, or a step that makes it.
    pub(super) fn tab(&mut self, survey: &Survey, title: &str, grid: (usize, usize), ids: &mut Ids) -> Tab {
        if let Some(tab) = survey.tab(title) {
            return tab.clone();
        }
        let tab = Tab::new(ids.next(), title, grid);
        self.step(format!("{title}: make the tab"), vec![requests::add_sheet(tab.id, title, grid.0, grid.1)]);
        tab
    }
}

/// Ids for new tabs that no tab has.
pub(super) struct Ids(i64);

impl Ids {
    /// Google's own are random numbers below 2^31, and so are these below it: the largest there is, and up, from 1.
    fn new(survey: &Survey) -> Self {
        let small = survey.tabs.iter().map(|tab| tab.id).filter(|id| *id < 1_000_000).max();
        Self(small.unwrap_or(0))
    }

    fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

fn check_names(survey: &Survey, names: &Names) -> Result<(), Refused> {
    let all = [&*names.keys, &*names.usage, summary_tab::TITLE];
    for (place, wanted) in all.into_iter().enumerate() {
        if all[..place].iter().any(|other| same(other, wanted)) {
            return Err(Refused::SameName(wanted.to_owned()));
        }
        let twin = survey.tabs.iter().find(|tab| tab.title != wanted && same(&tab.title, wanted));
        if let (None, Some(twin)) = (survey.tab(wanted), twin) {
            return Err(Refused::CaseTwin { wanted: wanted.to_owned(), there: twin.title.clone() });
        }
    }
    Ok(())
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
