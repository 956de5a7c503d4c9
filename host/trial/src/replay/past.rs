//! The world of a recorded call: it answers what it answered then, and notes what is asked otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::{CallClass, CallError};
use host_core::holding::KnownHolding;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::world::{OfferedAccount, World};
use host_core::record::{Import, LogLevel, Record};

/// What has been asked so far.
#[derive(Debug, Default)]
struct Asked {
    used: BTreeSet<usize>,
    ids: usize,
    otherwise: Vec<String>,
    unknown: Option<String>,
    calls: BTreeMap<&'static str, u64>,
}

/// The world of a record.
#[derive(Debug)]
pub struct Past {
    now: Millis,
    settings: Vec<(String, String)>,
    imports: Vec<Import>,
    asked: Mutex<Asked>,
}

impl Past {
    /// Of this record.
    #[must_use]
    pub fn new(record: &Record) -> Self {
        Self {
            now: record.at,
            settings: record.settings.clone(),
            imports: record.imports.clone(),
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked otherwise than then, a sentence each; reads that nobody made stand at the end.
    #[must_use]
    pub fn asked_otherwise(&self) -> Vec<String> {
        let asked = self.asked();
        let unused = self.imports.iter().enumerate();
        let unused = unused
            .filter(|(at, import)| !asked.used.contains(at) && !matches!(import, Import::Id(_)));
        let unused =
            unused.map(|(_, import)| format!("it does not ask {} any more", import.function()));
        asked.otherwise.iter().cloned().chain(unused).collect()
    }

    /// What could not be answered: the record does not hold it.
    #[must_use]
    pub fn could_not_answer(&self) -> Option<String> {
        self.asked().unknown.clone()
    }

    /// How often each function was asked.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.asked().calls.clone()
    }

    fn count(&self, function: &'static str) {
        *self.asked().calls.entry(function).or_default() += 1;
    }

    /// The answer to the same question, the first that is not used yet.
    fn same<T>(&self, find: impl Fn(&Import) -> Option<T>) -> Option<T> {
        let mut asked = self.asked();
        let fresh = self.imports.iter().enumerate().find_map(|(at, import)| {
            let told = (!asked.used.contains(&at)).then(|| find(import)).flatten()?;
            Some((at, told))
        });
        if let Some((at, told)) = fresh {
            asked.used.insert(at);
            return Some(told);
        }
        // Asked twice: the same is told.
        self.imports.iter().find_map(find)
    }

    /// The answer to a question about names that was put otherwise: out of everything that was told about them.
    fn pieced<T: Clone>(
        &self,
        function: &str,
        names: &[String],
        of: impl Fn(&Import) -> Option<(Vec<String>, Vec<(String, T)>)>,
    ) -> Result<Vec<T>, CallError> {
        let mut asked = self.asked();
        let (mut known, mut told): (BTreeSet<String>, Vec<(String, T)>) = Default::default();
        for (at, import) in self.imports.iter().enumerate() {
            if let Some((names, answers)) = of(import) {
                asked.used.insert(at);
                known.extend(names);
                told.extend(answers);
            }
        }
        let missing: Vec<&str> =
            names.iter().filter(|name| !known.contains(*name)).map(String::as_str).collect();
        if !missing.is_empty() {
            let what = format!(
                "it asks {function} about {}, of which the record knows nothing",
                list(&missing)
            );
            asked.unknown.get_or_insert(what.clone());
            return Err(CallError { class: CallClass::Host, sentence: what });
        }
        asked.otherwise.push(format!("it asks {function} otherwise: about {}", list(names)));
        let mut once = BTreeSet::new();
        let told = told.into_iter().filter(|(name, _)| names.contains(name));
        Ok(told
            .filter(|(name, _)| once.insert(name.clone()) || names.is_empty())
            .map(|(_, t)| t)
            .collect())
    }

    fn unheard_of<T>(&self, function: &str) -> Result<T, CallError> {
        let what = format!("it asks {function}, which the recorded call did not ask like this");
        self.asked().unknown.get_or_insert(what.clone());
        Err(CallError { class: CallClass::Host, sentence: what })
    }
}

fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(AsRef::as_ref).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        few if few <= 3 => shown.join(", "),
        many => format!("{} and {} more", shown.join(", "), many - 3),
    }
}

/// Whether the same names are asked about, in any order.
fn alike(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && {
        let set: BTreeSet<&String> = one.iter().collect();
        other.iter().all(|name| set.contains(name))
    }
}

#[async_trait]
impl World for Past {
    fn now(&self) -> Millis {
        self.now
    }

    fn next_id(&self) -> String {
        self.count("ids.next");
        let mut asked = self.asked();
        asked.ids += 1;
        let ids = self
            .imports
            .iter()
            .filter_map(|import| if let Import::Id(id) = import { Some(id.clone()) } else { None });
        let mut ids = ids.skip(asked.ids - 1);
        ids.next().unwrap_or_else(|| format!("replayed-{}", asked.ids))
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.count("settings.all");
        self.settings.clone()
    }

    fn log(&self, _level: LogLevel, _message: String) {
        self.count("log.write");
    }

    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, CallError> {
        self.count("accounts.get");
        let same = self.same(|import| {
            if let Import::Accounts { asked, told } = import
                && alike(asked, &names)
            {
                Some(told.clone())
            } else {
                None
            }
        });
        match same {
            Some(told) => Ok(told),
            None => self.pieced("accounts.get", &names, |import| {
                let Import::Accounts { asked, told } = import else { return None };
                let told = told.iter().map(|row| (row.name.clone(), row.clone()));
                Some((asked.clone(), told.collect()))
            }),
        }
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, CallError> {
        self.count("accounts.page");
        let same = self.same(|import| {
            if let Import::AccountsPage { after: a, limit: l, told } = import
                && *a == after
                && *l == limit
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("accounts.page"), Ok)
    }

    async fn accounts_due(&self, at: Millis, limit: usize) -> Result<Vec<String>, CallError> {
        self.count("accounts.due-before");
        let same = self.same(|import| {
            if let Import::AccountsDue { at: a, limit: l, told } = import
                && *a == at
                && *l == limit
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("accounts.due-before"), Ok)
    }

    async fn sources(&self, names: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        self.count("sources.find");
        let same = self.same(|import| {
            if let Import::Sources { asked, told } = import
                && alike(asked, &names)
            {
                Some(told.clone())
            } else {
                None
            }
        });
        match same {
            Some(told) => Ok(told),
            None => self.pieced("sources.find", &names, |import| {
                let Import::Sources { asked, told } = import else { return None };
                let told = told.iter().map(|found| (found.name.clone(), found.clone()));
                Some((asked.clone(), told.collect()))
            }),
        }
    }

    async fn sources_page(
        &self,
        after: String,
        limit: usize,
    ) -> Result<Vec<OfferedAccount>, CallError> {
        self.count("sources.page");
        let same = self.same(|import| {
            if let Import::SourcesPage { after: a, limit: l, told } = import
                && *a == after
                && *l == limit
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("sources.page"), Ok)
    }

    async fn agents(&self, zones: Vec<String>) -> Result<Vec<Agent>, CallError> {
        self.count("agents.connected");
        let same = self.same(|import| {
            if let Import::Agents { asked, told } = import
                && alike(asked, &zones)
            {
                Some(told.clone())
            } else {
                None
            }
        });
        if let Some(told) = same {
            return Ok(told);
        }
        // Who asked for all was told of every zone.
        let all = self.same(|import| {
            if let Import::Agents { asked, told } = import
                && asked.is_empty()
            {
                Some(told.clone())
            } else {
                None
            }
        });
        let Some(all) = all else { return self.unheard_of("agents.connected") };
        self.asked()
            .otherwise
            .push(format!("it asks agents.connected otherwise: about {}", list(&zones)));
        Ok(all.into_iter().filter(|agent| zones.contains(&agent.zone)).collect())
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        self.count("agents.holdings");
        let same = self.same(|import| {
            if let Import::Holdings { asked, told } = import
                && alike(asked, &accounts)
            {
                Some(told.clone())
            } else {
                None
            }
        });
        match same {
            Some(told) => Ok(told),
            None => {
                let by_name = self.pieced("agents.holdings", &accounts, |import| {
                    let Import::Holdings { asked, told } = import else { return None };
                    let of = |name: &String| {
                        let its = told.iter().filter(|known| known.holding.account == *name);
                        (name.clone(), its.cloned().collect::<Vec<_>>())
                    };
                    Some((asked.clone(), asked.iter().map(of).collect()))
                })?;
                Ok(by_name.into_iter().flatten().collect())
            }
        }
    }

    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        self.count("policy.admit");
        let same = self.same(|import| {
            if let Import::Admit { asked, told } = import
                && *asked == subjects
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("policy.admit"), Ok)
    }

    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        self.count("policy.place");
        let same = self.same(|import| {
            if let Import::Place { asked, told } = import
                && *asked == subjects
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("policy.place"), Ok)
    }

    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        self.count("policy.retry");
        let same = self.same(|import| {
            if let Import::Retry { asked, told } = import
                && *asked == questions
            {
                Some(told.clone())
            } else {
                None
            }
        });
        same.map_or_else(|| self.unheard_of("policy.retry"), Ok)
    }
}
