//! A policy: a component without imports that has passed its checks and can be asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use host_core::error::{CallClass, CallError};
use host_core::policy::{Answers, Question, Questions};
use host_core::port::policy::Policy;
use tokio::sync::Semaphore;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre, Linker};

use crate::bindings::policy::exports::swingbridge::policy::{admit, backoff, module, place};
use crate::call::CallReport;
use crate::engine::Engine;
use crate::limits::Limits;
use crate::meter::Meter;
use crate::module::LoadError;
use crate::profile::Profile;
use crate::stats::Stats;
use crate::store::{Metered, fuel, store};
use crate::{component, contract, convert, stop};

/// The data of a policy's store: nothing but what it may use.
pub(crate) struct PolicyState {
    pub(crate) meter: Meter,
}

impl Metered for PolicyState {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

/// What a policy says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyDescription {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// JSON Schema of its settings.
    pub settings_schema: String,
}

/// Where its exports are; absent: it has none of that.
#[derive(Clone)]
struct Exports {
    module: module::GuestIndices,
    admit: Option<admit::GuestIndices>,
    place: Option<place::GuestIndices>,
    backoff: Option<backoff::GuestIndices>,
}

/// A policy module, ready to be asked.
pub struct PolicyModule {
    engine: Engine,
    pre: InstancePre<PolicyState>,
    exports: Exports,
    digest: String,
    description: PolicyDescription,
    settings: String,
    limits: Arc<Limits>,
    permits: Semaphore,
    stats: Stats,
    profile: Option<Profile>,
}

impl std::fmt::Debug for PolicyModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, digest) = (&self.description.name, &self.digest);
        f.debug_struct("PolicyModule")
            .field("name", name)
            .field("digest", digest)
            .finish_non_exhaustive()
    }
}

impl PolicyModule {
    /// Takes a component in: its bytes, its contract, its build, its words and its settings (a JSON object) are checked
    /// in this order, and the first that fails says why. Compiles on a thread for blocking work.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(
        engine: &Engine,
        bytes: Vec<u8>,
        limits: Limits,
        settings: &str,
    ) -> Result<Self, LoadError> {
        let digest = component::digest(&bytes);
        let (pre, exports) = {
            let (engine, most) = (engine.clone(), limits.file_bytes);
            component::aside(move || {
                let component = component::compile(&engine, &bytes, most)?;
                link(&engine, &component)
            })
            .await?
        };
        let permits = Semaphore::new(limits.permits.max(1));
        let profile = engine.options.profile.then(|| pre.component());
        let profile = profile.and_then(|component| Profile::of(engine, &digest, component));
        let mut policy = Self {
            engine: engine.clone(),
            pre,
            exports,
            digest,
            description: PolicyDescription::default(),
            settings: settings.to_owned(),
            limits: Arc::new(limits),
            permits,
            stats: Stats::default(),
            profile,
        };
        policy.description = policy.describe().await?;
        Ok(policy)
    }

    /// The same module with other settings; nothing is compiled for it.
    ///
    /// # Errors
    /// [`LoadError::Settings`] if it does not accept them.
    pub async fn with_settings(&self, settings: &str) -> Result<Self, LoadError> {
        let mut policy = Self {
            engine: self.engine.clone(),
            pre: self.pre.clone(),
            exports: self.exports.clone(),
            digest: self.digest.clone(),
            description: PolicyDescription::default(),
            settings: settings.to_owned(),
            limits: Arc::clone(&self.limits),
            permits: Semaphore::new(self.limits.permits.max(1)),
            stats: Stats::default(),
            profile: self.profile.clone(),
        };
        policy.description = policy.describe().await?;
        Ok(policy)
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &PolicyDescription {
        &self.description
    }

    /// The profile of its calls, if the engine keeps profiles.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        self.profile.clone()
    }

    /// An instance of it that stays, for measuring what a fresh one costs.
    ///
    /// # Errors
    /// It cannot be instantiated, or does not accept its settings.
    pub async fn warm(&self) -> Result<WarmPolicy<'_>, CallError> {
        let meter = Meter::new(Arc::clone(&self.limits));
        let mut store = store(&self.engine, PolicyState { meter }, None, self.profile.clone());
        let instance = self.instance(&mut store).await;
        let instance = instance.map_err(|error| stop::classify(&error, &self.limits))?;
        Ok(WarmPolicy { policy: self, store, instance })
    }

    /// The questions that it answers.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        Question::ALL.into_iter().filter(|question| self.answers(*question)).collect()
    }

    /// How many calls ended well, and how many were stopped, by the word of the class.
    #[must_use]
    pub fn ended(&self) -> (u64, Vec<(&'static str, u64)>) {
        self.stats.ended()
    }

    /// Asks it, and says what the call cost. The port's `ask` is this without the report.
    ///
    /// # Errors
    /// [`CallError`]: its sentence names the module, its digest and what stopped it.
    pub async fn ask_measured(
        &self,
        questions: Questions,
        within: Duration,
    ) -> (Result<Answers, CallError>, CallReport) {
        let mut report = CallReport::default();
        let within = within.min(self.limits.deadline);
        let run = self.run(questions, within, &mut report);
        let result = match tokio::time::timeout(within, run).await {
            Ok(result) => result,
            Err(_) => Err(CallError {
                class: CallClass::Deadline,
                sentence: format!("it did not end within {within:?}"),
            }),
        };
        let result = result.map_err(|error| self.name_it(&error));
        self.stats.count(&result);
        (result, report)
    }

    async fn run(
        &self,
        questions: Questions,
        within: Duration,
        report: &mut CallReport,
    ) -> Result<Answers, CallError> {
        let _permit = self.permits.acquire().await.map_err(|_| CallError {
            class: CallClass::Overload,
            sentence: "the module is being taken away".to_owned(),
        })?;
        let mut store = self.store(within);
        let answers = match self.instance(&mut store).await {
            Ok(instance) => self.asked(&instance, &mut store, questions, report).await,
            Err(error) => Err(error),
        };
        report.fuel = fuel(&store);
        let mut meter = store.into_data().meter;
        report.memory_peak = meter.memory_peak;
        answers.map_err(|error| {
            meter.stopped.take().unwrap_or_else(|| stop::classify(&error, &self.limits))
        })
    }

    fn store(&self, within: Duration) -> Store<PolicyState> {
        let meter = Meter::new(Arc::clone(&self.limits));
        store(&self.engine, PolicyState { meter }, within, self.profile.clone())
    }

    /// An instance that has its settings.
    async fn instance(&self, store: &mut Store<PolicyState>) -> wasmtime::Result<Instance> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let guest = self.exports.module.load(&mut *store, &instance)?;
        if let Err(reason) = guest.call_validate_settings(&mut *store, &self.settings).await? {
            let text = format!("it does not accept its settings any more: {reason}");
            return Err(store.data_mut().meter.stop(CallClass::Contract, text));
        }
        Ok(instance)
    }

    async fn asked(
        &self,
        instance: &Instance,
        store: &mut Store<PolicyState>,
        questions: Questions,
        report: &mut CallReport,
    ) -> wasmtime::Result<Answers> {
        let count = questions.names().len();
        let question = questions.question();
        let missing = || wasmtime::Error::msg(format!("it does not answer {}", question.as_str()));
        let answers = match questions {
            Questions::Admission(cases) => {
                let guest = self.exports.admit.as_ref().ok_or_else(missing)?;
                let guest = guest.load(&mut *store, instance)?;
                let subjects: Vec<_> = cases.into_iter().map(convert::policy::subject).collect();
                report.bytes_in = subjects.iter().map(convert::policy::weight).sum();
                let told = guest.call_ask(&mut *store, &subjects).await?;
                Answers::Admission(
                    told.into_iter()
                        .map(convert::policy::ruling)
                        .collect::<Result<_, _>>()
                        .map_err(|text| store.data_mut().meter.stop(CallClass::Contract, text))?,
                )
            }
            Questions::Placement(cases) => {
                let guest = self.exports.place.as_ref().ok_or_else(missing)?;
                let guest = guest.load(&mut *store, instance)?;
                let subjects: Vec<_> = cases.into_iter().map(convert::policy::subject).collect();
                report.bytes_in = subjects.iter().map(convert::policy::weight).sum();
                let told = guest.call_ask(&mut *store, &subjects).await?;
                Answers::Placement(told.into_iter().map(convert::policy::placement).collect())
            }
            Questions::Retry(tries) => {
                let guest = self.exports.backoff.as_ref().ok_or_else(missing)?;
                let guest = guest.load(&mut *store, instance)?;
                let tries: Vec<_> = tries.into_iter().map(convert::policy::failed).collect();
                let told = guest.call_ask(&mut *store, &tries).await?;
                Answers::Retry(told.iter().map(convert::policy::backoff).collect())
            }
        };
        let told = convert::policy::count(&answers);
        if told != count {
            let text = format!("it gave {told} answers to {count} questions");
            return Err(store.data_mut().meter.stop(CallClass::Contract, text));
        }
        Ok(answers)
    }

    /// Asks what it is, and whether it can serve with its settings.
    async fn describe(&self) -> Result<PolicyDescription, LoadError> {
        let within = self.limits.deadline;
        let mut store = self.store(within);
        let run = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            let guest = self.exports.module.load(&mut store, &instance)?;
            self.exports.fit(&mut store, &instance)?;
            let described = guest.call_describe(&mut store).await?;
            let accepted = guest.call_validate_settings(&mut store, &self.settings).await?;
            wasmtime::Result::Ok((described, accepted))
        };
        let answer = tokio::time::timeout(within, run).await;
        let stopped = store.into_data().meter.stopped.take();
        let (described, accepted) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let why = stopped.unwrap_or_else(|| stop::classify(&error, &self.limits));
                return Err(LoadError::Describe(why.sentence));
            }
            Err(_) => return Err(LoadError::Describe(format!("it did not end within {within:?}"))),
        };
        accepted.map_err(LoadError::Settings)?;
        let bound = |what: &str, text: &str, most: usize| match text.len() > most {
            true => Err(LoadError::Words(vec![format!(
                "its {what} has {} bytes; {most} are allowed",
                text.len()
            )])),
            false => Ok(()),
        };
        bound("name", &described.name, 255)?;
        bound("version", &described.version, 255)?;
        bound("settings schema", &described.settings_schema, 64 << 10)?;
        Ok(PolicyDescription {
            name: described.name,
            version: described.version,
            settings_schema: described.settings_schema,
        })
    }

    /// Puts the module's name and digest in front of what happened.
    fn name_it(&self, error: &CallError) -> CallError {
        let (name, version) = (&self.description.name, &self.description.version);
        let digest = &self.digest;
        let sentence =
            format!("policy {name} {version} ({digest}) was stopped: {}", error.sentence);
        CallError { class: error.class, sentence }
    }
}

/// An instance of a policy that stays. Production asks fresh ones.
pub struct WarmPolicy<'p> {
    policy: &'p PolicyModule,
    store: Store<PolicyState>,
    instance: Instance,
}

impl std::fmt::Debug for WarmPolicy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WarmPolicy").field("policy", self.policy).finish_non_exhaustive()
    }
}

impl WarmPolicy<'_> {
    /// Asks it. After an error it may not be asked again.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn ask(&mut self, questions: Questions) -> Result<Answers, CallError> {
        let mut report = CallReport::default();
        let asked = self.policy.asked(&self.instance, &mut self.store, questions, &mut report);
        asked.await.map_err(|error| stop::classify(&error, &self.policy.limits))
    }
}

impl Exports {
    /// Whether every export has the type that the contract says.
    fn fit(&self, store: &mut Store<PolicyState>, instance: &Instance) -> wasmtime::Result<()> {
        if let Some(admit) = &self.admit {
            admit.load(&mut *store, instance)?;
        }
        if let Some(place) = &self.place {
            place.load(&mut *store, instance)?;
        }
        if let Some(backoff) = &self.backoff {
            backoff.load(&mut *store, instance)?;
        }
        Ok(())
    }
}

fn link(
    engine: &Engine,
    component: &Component,
) -> Result<(InstancePre<PolicyState>, Exports), LoadError> {
    let faults = contract::policy_faults(engine, component);
    if !faults.is_empty() {
        return Err(LoadError::Contract(faults));
    }
    let misfit = |error: wasmtime::Error| LoadError::Contract(vec![format!("{error:#}")]);
    let linker = Linker::new(&engine.wasmtime);
    let pre = linker.instantiate_pre(component).map_err(misfit)?;
    let has = |question| contract::questions(engine, component).contains(&question);
    let exports = Exports {
        module: module::GuestIndices::new(&pre).map_err(misfit)?,
        admit: has(Question::Admission)
            .then(|| admit::GuestIndices::new(&pre))
            .transpose()
            .map_err(misfit)?,
        place: has(Question::Placement)
            .then(|| place::GuestIndices::new(&pre))
            .transpose()
            .map_err(misfit)?,
        backoff: has(Question::Retry)
            .then(|| backoff::GuestIndices::new(&pre))
            .transpose()
            .map_err(misfit)?,
    };
    Ok((pre, exports))
}

#[async_trait]
impl Policy for PolicyModule {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn answers(&self, question: Question) -> bool {
        match question {
            Question::Admission => self.exports.admit.is_some(),
            Question::Placement => self.exports.place.is_some(),
            Question::Retry => self.exports.backoff.is_some(),
        }
    }

    async fn ask(&self, questions: Questions, within: Duration) -> Result<Answers, CallError> {
        self.ask_measured(questions, within).await.0
    }
}
