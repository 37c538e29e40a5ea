using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Cli.Commands.Predict;

/// <summary>Implements <c>foreword predict RUN INPUT|-</c>, which writes a fine-tuned model's answers, one row of CSV each.</summary>
internal static class PredictCommand
{
    /// <summary>Number of examples read, predicted and written together: enough for full batches, few enough for input of any size.</summary>
    private const int ChunkSize = 2000;

    public static Command Create(Terminal terminal)
    {
        Argument<string> run = new("RUN") { Description = "A run of finetune, its best/, a checkpoint, or a sequence classifier of transformers." };
        Argument<string> input = new("INPUT") { Description = "A table, or - for standard input: one text per line, several texts separated by tabs." };
        TableArguments tables = new("Columns without the label; default: the columns of the training data.");
        Option<string?> id = new("--id") { Description = "A column to copy to the output, before all others." };
        Option<bool> withInput = new("--with-input") { Description = "Also write the input's columns. An input column with the name of an answer column gets the prefix input_." };
        Option<bool> dryRun = new("--dry-run") { Description = $"Print the first {DryRun.Shown} examples as the model would read them, and do not predict." };
        Option<string?> output = new("--out") { Description = "Output file; it is only written if the command completes." };
        Option<PrecisionChoice> precision = new("--precision") { Description = "Number format of the matrix products." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on." };
        Option<EngineChoice> engine = Engines.Option();
        Option<bool> json = new("--json") { Description = "Print one JSON object, {\"predictions\":[...]}, instead of CSV; it is only written if the command completes." };
        Command command = new Command("predict", "Predict with a fine-tuned model: labels and probabilities, or numbers.") { run, input, id, withInput, output, precision, device, engine, dryRun, json }
            .WithExample("foreword predict runs/banking new.csv --out predictions.csv");
        tables.AddTo(command);
        command.SetAction(parsed =>
        {
            string source = parsed.GetValue(input)!;
            if (parsed.GetValue(dryRun))
                return ShowExamples(DryRun.Open(parsed.GetValue(run)!), task => InputOf(task, false), terminal, parsed.GetValue(json));
            string? path = parsed.GetValue(output);
            if (path is not null)
                OutputFile.Check(path, source);
            using ITaskModel model = LoadingBar.Show(terminal, parsed.GetValue(run)!, progress =>
                TaskModels.Load(parsed.GetValue(run)!, parsed.GetValue(precision), parsed.GetValue(device), parsed.GetValue(engine), progress));
            TaskModels.SayIfUnfinished(parsed.GetValue(run)!, terminal);
            TaskDescription task = model.Task;
            if (task.Target == TargetKind.WordClasses && !parsed.GetValue(json) && (parsed.GetValue(id) is not null || parsed.GetValue(withInput)))
                throw new UsageException($"{(parsed.GetValue(id) is not null ? "--id" : "--with-input")} has no place in lines of words and labels, which {task.Kind} writes; use --json");
            Answers answers = Answers.Of(model, InputOf(task, parsed.GetValue(withInput)), parsed.GetValue(id), terminal.Logger);
            Action<Stream> write = parsed.GetValue(json) ? answers.WriteJson : answers.WriteCsv;
            if (path is not null)
            {
                OutputFile.Write(path, stream =>
                {
                    write(stream);
                    if (answers.Count > 0 && answers.Faults == answers.Count) // the file that is there stays
                        throw new InvalidDataException($"no row has an answer; the first: {answers.FirstFault}");
                });
                long written = answers.Count - answers.Faults;
                terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{written:N0} {(written == 1 ? "prediction" : "predictions")} in {path}"));
            }
            else if (parsed.GetValue(json))
            {
                OutputFile.CopyWhole(write, terminal.OutBytes); // rows of CSV are useful one by one; an object that ends early because of a bad row is not
            }
            else
            {
                write(terminal.OutBytes);
                terminal.OutBytes.Flush();
            }

            if (answers.Faults == 0)
                return ExitCodes.Done;
            terminal.Err.WriteLine(string.Create(CultureInfo.InvariantCulture, $"error: {answers.Faults:N0} of {answers.Count:N0} rows {(answers.Faults == 1 ? "has" : "have")} no answer; the first: {answers.FirstFault}"));
            return ExitCodes.Failed;

            PredictionInput InputOf(TaskDescription task, bool keepsInput) => PredictionInput.Open(terminal, parsed, source, tables, task, parsed.GetValue(id), keepsInput);
        });
        return command;
    }

    private static int ShowExamples(DryRun dry, Func<TaskDescription, PredictionInput> input, Terminal terminal, bool json)
    {
        PredictionRow[] rows = [.. input(dry.Task).Rows(terminal.Logger).Take(DryRun.Shown)];
        dry.Show(terminal, [], [.. rows.Select(row => row.Example).OfType<TaskExample>()], json);
        foreach (string fault in rows.Select(row => row.Fault).OfType<string>())
            terminal.Err.WriteLine($"error: {fault}");
        return rows.All(row => row.Fault is null) ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>Answers the rows of an input, chunk by chunk.</summary>
    private sealed class Answers(ITaskModel model, IEnumerable<PredictionRow> rows, PredictionOutput output)
    {
        /// <summary>Gets the number of rows written.</summary>
        public long Count { get; private set; }

        /// <summary>Gets the number of rows without an answer.</summary>
        public long Faults { get; private set; }

        /// <summary>Gets the reason why the first of these rows has no answer; null if all rows have one.</summary>
        public string? FirstFault { get; private set; }

        /// <summary>
        /// Finds the columns of the output for its header, including whether a column of errors is needed. For this, a file is read once before it
        /// is answered. Of standard input, only the first chunk is read.
        /// </summary>
        public static Answers Of(ITaskModel model, PredictionInput input, string? id, ILogger logger)
        {
            IEnumerator<PredictionRow> rows = input.Rows(input.IsRepeatable ? NullLogger.Instance : logger).GetEnumerator();
            List<PredictionRow> head = [];
            while (!input.IsRepeatable && head.Count < ChunkSize && rows.MoveNext())
                head.Add(rows.Current);
            List<string> names = [];
            HashSet<string> known = new(StringComparer.Ordinal);
            bool hasErrors = false;
            foreach (PredictionRow row in input.IsRepeatable ? input.Rows(logger) : head)
            {
                hasErrors |= row.Fault is not null;
                names.AddRange(row.Input.Select(column => column.Key).Where(known.Add));
            }

            return new Answers(model, head.Concat(Rest(rows)), new PredictionOutput(model.Task, id, names, hasErrors));
        }

        public void WriteCsv(Stream stream) => output.WriteCsv(stream, All(), () => Count++);

        public void WriteJson(Stream stream) => output.WriteJson(stream, All(), () => Count++);

        private static IEnumerable<PredictionRow> Rest(IEnumerator<PredictionRow> rows)
        {
            using (rows)
            {
                while (rows.MoveNext())
                    yield return rows.Current;
            }
        }

        private IEnumerable<AnsweredRow> All()
        {
            foreach (PredictionRow[] chunk in rows.Chunk(ChunkSize))
            {
                TaskExample[] examples = [.. chunk.Where(row => row.Fault is null).Select(row => row.Example!)];
                IReadOnlyList<Prediction> predictions = examples.Length == 0 ? [] : model.Predict(examples);
                int next = 0;
                foreach (PredictionRow row in chunk)
                {
                    if (row.Fault is not null)
                        (Faults, FirstFault) = (Faults + 1, FirstFault ?? row.Fault);
                    yield return new AnsweredRow(row, row.Fault is null ? predictions[next++] : null);
                }
            }
        }
    }
}
