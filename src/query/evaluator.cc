#include "query/evaluator.h"

#include <sqlite3.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/sql_value.h"

namespace blobgate::query {
namespace {

/// Bytes of one text that SQLite handles; what a record may make is bounded by the Budget.
constexpr int kMaxTextBytes = 16 * 1024 * 1024;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::unexpected<Error> TooComplex() {
  return Fail(Errc::kInvalidArgument, "The expression is too complex.");
}

/// Only SELECT and our functions: nothing that the parser did not mean to write.
int Authorize(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_SELECT || action == SQLITE_FUNCTION ? SQLITE_OK : SQLITE_DENY;
}

class SqliteEvaluator final : public Evaluator {
 public:
  SqliteEvaluator(const Statement& statement, Time now) : source_(statement), now_(now) {
    bindings_.reserve(Functions().size());
  }

  Status Open();
  OrError<bool> Evaluate(const Record& record, Budget& budget) override;
  Value Column(std::size_t index) const override {
    return DecodeSql(sqlite3_column_value(statement_.get(), static_cast<int>(index)));
  }

 private:
  /// What SQLite hands back to Call.
  struct Binding {
    SqliteEvaluator& evaluator;
    const Function& function;
  };

  static void Call(sqlite3_context* context, int count, sqlite3_value** values);
  void Run(const Function& function, sqlite3_context* context, std::span<const Value> arguments);
  Status OpenDatabase();
  Status AddFunctions();
  Status BindLiterals();
  bool IsUsed(int parameter) const { return parameter <= used_; }
  OrError<void> BindFields(const Record& record);
  OrError<void> BindField(int number, const Parameter& parameter, const Record& record);

  const Statement& source_;
  const Time now_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;  ///< before the database
  std::vector<Binding> bindings_;
  int used_ = 0;                      ///< the highest parameter that the SQL has
  Budget* budget_ = nullptr;          ///< during Evaluate
  std::optional<RecordError> error_;  ///< of the current record
};

Status SqliteEvaluator::OpenDatabase() {
  sqlite3* database = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                         SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int opened = sqlite3_open_v2(":memory:", &database, kFlags, nullptr);
  database_.reset(database);
  if (opened != SQLITE_OK) return Fail(Errc::kInternal, "SQLite does not open");
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kMaxTextBytes);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_set_authorizer(database, Authorize, nullptr);
  return {};
}

// Not SQLITE_DETERMINISTIC: SQLite would compute calls ahead that a CASE keeps from being made.
Status SqliteEvaluator::AddFunctions() {
  for (const Function& function : Functions()) {
    bindings_.push_back({*this, function});
    const int added = sqlite3_create_function_v2(database_.get(), function.name, function.arguments,
                                                 SQLITE_UTF8 | SQLITE_DIRECTONLY, &bindings_.back(),
                                                 Call, nullptr, nullptr, nullptr);
    if (added != SQLITE_OK) return Fail(Errc::kInternal, "SQLite takes no function");
  }
  return {};
}

Status SqliteEvaluator::Open() {
  BG_CHECK(OpenDatabase());
  BG_CHECK(AddFunctions());
  sqlite3_stmt* statement = nullptr;
  const std::string& sql = source_.sql;
  const int prepared = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (prepared != SQLITE_OK || !statement) return TooComplex();
  used_ = sqlite3_bind_parameter_count(statement);
  return BindLiterals();
}

// They stay bound.
Status SqliteEvaluator::BindLiterals() {
  for (std::size_t i = 0; i < source_.parameters.size(); ++i) {
    const Parameter& parameter = source_.parameters[i];
    const int number = static_cast<int>(i) + 1;
    if (parameter.kind != Parameter::Kind::kLiteral || !IsUsed(number)) continue;
    const Value value =
        std::visit([](const auto& literal) { return Value{literal}; }, parameter.literal);
    if (BindSql(statement_.get(), number, value) != SQLITE_OK) return TooComplex();
  }
  return {};
}

void SqliteEvaluator::Call(sqlite3_context* context, int count, sqlite3_value** values) {
  constexpr int kInline = 4;
  const Binding& binding = *static_cast<const Binding*>(sqlite3_user_data(context));
  std::array<Value, kInline> few;
  std::vector<Value> many;
  if (count > kInline) many.resize(static_cast<std::size_t>(count));
  Value* arguments = count > kInline ? many.data() : few.data();
  for (int i = 0; i < count; ++i) arguments[i] = DecodeSql(values[i]);
  binding.evaluator.Run(binding.function, context, {arguments, static_cast<std::size_t>(count)});
}

std::uint64_t BytesOf(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return text->size();
  if (const auto* json = std::get_if<JsonText>(&value)) return json->text.size();
  return 1;
}

void SqliteEvaluator::Run(const Function& function, sqlite3_context* context,
                          std::span<const Value> arguments) {
  std::uint64_t bytes = 1;
  for (const Value& argument : arguments) bytes += BytesOf(argument);
  FunctionCall call{arguments, *budget_, now_, {}};
  const OrError<Value> result =
      budget_->Take(bytes) ? function.call(call) : OrError<Value>(std::unexpected(kTooMuchWork));
  if (!result) {
    error_ = result.error();
    sqlite3_result_error(context, "record", -1);
    return;
  }
  SetSqlResult(context, *result);
}

OrError<void> SqliteEvaluator::BindField(int number, const Parameter& parameter,
                                         const Record& record) {
  const OrError<Value> value = record.Field(parameter.field);
  if (!value) return std::unexpected(value.error());
  const bool presence = parameter.kind == Parameter::Kind::kPresence;
  const Value bound =
      presence ? Value{std::int64_t{std::holds_alternative<Missing>(*value) ? 0 : 1}} : *value;
  if (BindSql(statement_.get(), number, bound) != SQLITE_OK) {
    return std::unexpected(kTooMuchWork);
  }
  return {};
}

OrError<void> SqliteEvaluator::BindFields(const Record& record) {
  for (std::size_t i = 0; i < source_.parameters.size(); ++i) {
    const Parameter& parameter = source_.parameters[i];
    const int number = static_cast<int>(i) + 1;
    if (parameter.kind == Parameter::Kind::kLiteral || !IsUsed(number)) continue;
    const OrError<void> bound = BindField(number, parameter, record);
    if (!bound) return bound;
  }
  return {};
}

OrError<bool> SqliteEvaluator::Evaluate(const Record& record, Budget& budget) {
  sqlite3_reset(statement_.get());
  error_.reset();
  budget_ = &budget;
  const OrError<void> bound = BindFields(record);
  if (!bound) return std::unexpected(bound.error());
  const int stepped = sqlite3_step(statement_.get());
  if (stepped == SQLITE_ROW) return true;
  if (stepped == SQLITE_DONE) return false;
  return std::unexpected(error_.value_or(kTooMuchWork));
}

}  // namespace

Result<std::unique_ptr<Evaluator>> Evaluator::Prepare(const Statement& statement, Time now) {
  auto evaluator = std::make_unique<SqliteEvaluator>(statement, now);
  BG_CHECK(evaluator->Open());
  return evaluator;
}

}  // namespace blobgate::query
