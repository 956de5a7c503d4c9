//! Pages: bounds of `page` and `limit`, the same wherever something is listed.

use host_core::port::store::Page;

use crate::problem::Problem;

/// The entries of a page if the caller does not say.
const LIMIT_DEFAULT: u64 = 100;
/// The most entries of a page.
const LIMIT_MAX: u64 = 1_000;
/// The last page by number; whoever reads further goes by key.
const PAGE_MAX: u64 = 1_000_000;

/// How many entries a page has. `called` is the parameter's name.
///
/// # Errors
/// A problem that names the parameter and its range.
pub(crate) fn limit(called: &str, asked: Option<u64>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::parameter(format!("{called} must be 1 to {LIMIT_MAX}, not {limit}")));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The page of this number, counted from 1.
///
/// # Errors
/// A problem that names the parameter and its range.
pub(crate) fn numbered(page: u64, limit: usize) -> Result<Page, Problem> {
    if !(1..=PAGE_MAX).contains(&page) {
        return Err(Problem::parameter(format!("page must be 1 to {PAGE_MAX}, not {page}")));
    }
    let skip = (page - 1) * u64::try_from(limit).unwrap_or(LIMIT_MAX);
    Ok(Page { after: None, skip, limit })
}
