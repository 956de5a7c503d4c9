//! Real API servers, real agents: what an operator learns of each way in which a cluster can be wrong.
//!
//! Each test asks first whether there are API servers here (`tests_clusters::skipped`), and is skipped by its name if not.

mod checked;
mod credentials;
mod identity;
mod namespaces;
mod outage;
mod scene;

/// Makes of each case a test that is skipped, by its name, where no API server can be built.
macro_rules! with_real_clusters {
    ($($case:ident),* $(,)?) => {
        mod real {
            $(#[test]
            fn $case() -> anyhow::Result<()> {
                crate::kinds::run(Box::pin(async {
                    let name = concat!(module_path!(), "::", stringify!($case));
                    if tests_clusters::skipped(name).await? { Ok(()) } else { super::$case().await }
                }))
            })*
        }
    };
}
pub(crate) use with_real_clusters;
