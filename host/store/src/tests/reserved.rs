//! Names of tables and columns are words that no database reserves, since they are never quoted.

use crate::migrate::{MYSQL, POSTGRES, SQLITE};

/// What MySQL 8.0 to 9.x reserves, as its manual lists it, without the words with an underscore in front. MariaDB's,
/// PostgreSQL's and SQLite's are tried by the databases themselves.
const RESERVED: &str = "accessible add all alter analyze and as asc asensitive before between bigint binary blob both by \
    call cascade case change char character check collate column condition constraint continue convert create cross cube \
    cume_dist current_date current_time current_timestamp current_user cursor database databases day_hour \
    day_microsecond day_minute day_second dec decimal declare default delayed delete dense_rank desc describe \
    deterministic distinct distinctrow div double drop dual each else elseif empty enclosed escaped except exists exit \
    explain false fetch first_value float float4 float8 for force foreign from fulltext function generated get grant group \
    grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout \
    insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is \
    iterate join json_table key keys kill lag last_value lateral lead leading leave left library like limit linear lines \
    load localtime localtimestamp lock long longblob longtext loop low_priority manual master_bind \
    master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext middleint minute_microsecond minute_second \
    mod modifies natural not no_write_to_binlog nth_value ntile null numeric of on optimize optimizer_costs option \
    optionally or order out outer outfile over parallel partition percent_rank precision primary procedure purge qualify \
    range rank read reads read_write real recursive references regexp release rename repeat replace require resignal \
    restrict return revoke right rlike row rows row_number schema schemas second_microsecond select sensitive separator set \
    sets show signal smallint spatial specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows \
    sql_small_result ssl starting stored straight_join system table tablesample terminated then tinyblob tinyint tinytext to \
    trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values \
    varbinary varchar varcharacter varying virtual when where while window with write xor year_month zerofill";

/// The columns that a migration makes: the first word of each line of a table, or what is added.
fn columns(text: &str) -> Vec<String> {
    if text.contains(" VIEW ") {
        return Vec::new();
    }
    let added =
        text.split("ADD COLUMN ").nth(1).map(|rest| rest.trim_start_matches("IF NOT EXISTS "));
    let lines = text.lines().filter(|line| line.starts_with("    "));
    lines
        .chain(added)
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_ascii_lowercase)
        .collect()
}

#[test]
fn no_column_has_a_word_that_mysql_reserves() {
    let reserved: Vec<&str> = RESERVED.split_whitespace().collect();
    let mut seen = 0;
    for migration in MYSQL {
        for column in columns(migration.text) {
            assert!(!reserved.contains(&column.as_str()), "{}: {column}", migration.name);
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} columns were found");
}

#[test]
fn a_column_is_the_same_in_every_dialect() {
    for ((sqlite, mysql), postgres) in SQLITE.iter().zip(MYSQL).zip(POSTGRES) {
        assert_eq!(columns(sqlite.text), columns(mysql.text), "{}", sqlite.name);
        assert_eq!(columns(sqlite.text), columns(postgres.text), "{}", sqlite.name);
    }
}

#[test]
fn every_file_is_a_migration_of_every_dialect() {
    for dialect in ["sqlite", "mysql", "postgres"] {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let known: Vec<String> = SQLITE.iter().map(|known| format!("{}.sql", known.name)).collect();
        assert_eq!(files, known, "{dialect}");
    }
}

#[test]
fn every_migration_is_one_statement() {
    for migration in SQLITE.iter().chain(MYSQL).chain(POSTGRES) {
        let lines = migration.text.lines().filter(|line| !line.starts_with("--"));
        let text: String = lines.collect();
        assert!(!text.contains(';') && !text.contains('?'), "{}", migration.name);
    }
}
