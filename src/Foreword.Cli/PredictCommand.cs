using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Data.Tables;
using Foreword.Recipes;
using Foreword.Tasks;

namespace Foreword.Cli;

/// <summary><c>foreword predict RUN INPUT|-</c>: a fine-tuned model's answers, a row of CSV each.</summary>
internal static class PredictCommand
{
    /// <summary>Examples read, predicted and written at a time: enough for full batches, few enough for any input's size.</summary>
    private const int ChunkSize = 2000;

    private const string StandardInput = "standard input";

    public static Command Create(Terminal terminal)
    {
        Argument<string> run = new("RUN") { Description = "A run of finetune, its best/, a checkpoint, or a sequence classifier of transformers." };
        Argument<string> input = new("INPUT") { Description = "A table, or - for standard input: a text a line, several texts parted by tabs." };
        Option<string?> columns = new("--columns") { Description = "The columns without the label; the training data's unless given." };
        Option<TableFormat> format = new("--format") { Description = "What the input is; its name decides unless given." };
        Option<bool?> header = new("--header") { Description = "Whether CSV and TSV begin with names." };
        Option<string?> output = new("--out") { Description = "Write to a file, whole or not at all." };
        Option<PrecisionChoice> precision = new("--precision") { Description = "Number format of the products." };
        Option<DeviceChoice> device = new("--device") { Description = "Where to compute." };
        Option<EngineChoice> engine = Engines.Option();
        Option<bool> json = new("--json") { Description = "One JSON object, {\"predictions\":[...]}, instead of CSV; whole or not at all." };
        Command command = new Command("predict", "Answer with a fine-tuned model: labels and probabilities, or numbers.") { run, input, columns, format, header, output, precision, device, engine, json }
            .WithExample("foreword predict runs/banking new.csv --out predictions.csv");
        command.SetAction(parsed =>
        {
            using ITaskModel model = TaskModels.Open(parsed.GetValue(run)!, parsed.GetValue(precision), parsed.GetValue(device), parsed.GetValue(engine));
            TaskDescription task = model.Task;
            string[]? given = parsed.GetValue(columns)?.Split(',', StringSplitOptions.TrimEntries);
            TableOptions options = new() { Header = parsed.GetValue(header) ?? (given is null ? task.Header : null), Quoting = task.Quoting, Format = parsed.GetValue(format) };
            string source = parsed.GetValue(input)!;
            IEnumerable<TaskExample> examples = source == "-"
                ? FromStandardInput(terminal.In, task.Task)
                : UsageException.For(() => TaskColumnMap.Of(task.Task, given ?? task.Columns, isLabelled: false)).Read([source], options);
            IEnumerable<Prediction> predictions = examples.Chunk(ChunkSize).SelectMany(model.Predict);
            long count = 0;
            Action<Stream> write = stream => count = parsed.GetValue(json) ? WriteJson(stream, task, predictions) : WriteCsv(stream, task, predictions);
            if (parsed.GetValue(output) is { } path)
            {
                DurableFile.Replace(path, write);
                terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{count:N0} predictions in {path}"));
            }
            else if (parsed.GetValue(json))
            {
                CopyWhole(write, terminal.OutBytes);
            }
            else
            {
                write(terminal.OutBytes);
                terminal.OutBytes.Flush();
            }

            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>A line is a text, or the texts of a task that reads several, parted by tabs.</summary>
    private static IEnumerable<TaskExample> FromStandardInput(Stream input, FineTuningTask task)
    {
        if (task.Columns is not [{ IsMany: false }])
        {
            // Context and any number of choices, or a pair: the fields of a line in the order of the roles.
            TableOptions lines = new() { Format = TableFormat.Tsv, Quoting = false, Header = false };
            return task.Columns.Any(column => column.IsMany)
                ? throw new UsageException($"{task.Kind} is read from a file, whose columns say what the choices are")
                : TaskColumnMap.Of(task, [.. task.Columns.Select((_, i) => i.ToString(CultureInfo.InvariantCulture))], isLabelled: false).Read(input, StandardInput, lines);
        }

        return Lines();

        IEnumerable<TaskExample> Lines()
        {
            using StreamReader reader = new(input, new UTF8Encoding(false, throwOnInvalidBytes: true), leaveOpen: true);
            for (int number = 1; reader.ReadLine() is { } line; number++)
            {
                if (string.IsNullOrWhiteSpace(line))
                    throw new InvalidDataException($"{StandardInput}:{number}: the text is empty");
                yield return new TaskExample([line.Trim()], [], null, $"{StandardInput}:{number}");
            }
        }
    }

    private static bool IsNumber(TaskDescription task) => task.Target is TargetKind.Score or TargetKind.SoftLabels;

    private static long WriteCsv(Stream stream, TaskDescription task, IEnumerable<Prediction> predictions)
    {
        using IEnumerator<Prediction> rows = predictions.GetEnumerator();
        bool more = rows.MoveNext(); // before the header: where nothing can be read, nothing is written
        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(IsNumber(task) ? "value" : string.Join(',', ["label", "probability", .. task.Labels.Select(label => Field($"p_{label}"))]));
        long count = 0;
        for (; more; more = rows.MoveNext(), count++)
        {
            Prediction prediction = rows.Current;
            writer.WriteLine(IsNumber(task)
                ? Number(prediction.Value)
                : string.Join(',', [Field(prediction.Label), Number(prediction.Probability), .. task.Labels.Select((_, i) => i < prediction.Probabilities.Count ? Number(prediction.Probabilities[i]) : "")]));
        }

        return count;
    }

    private static long WriteJson(Stream stream, TaskDescription task, IEnumerable<Prediction> predictions)
    {
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteStartArray("predictions");
        long count = 0;
        foreach (Prediction prediction in predictions)
        {
            writer.WriteStartObject();
            if (IsNumber(task))
            {
                writer.WriteNumber("value", prediction.Value);
            }
            else
            {
                writer.WriteString("label", prediction.Label);
                writer.WriteNumber("probability", prediction.Probability);
                writer.WriteStartObject("probabilities");
                for (int i = 0; i < prediction.Probabilities.Count; i++)
                    writer.WriteNumber(task.Labels[i], prediction.Probabilities[i]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            if (++count % ChunkSize == 0)
                writer.Flush();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        stream.WriteByte((byte)'\n');
        return count;
    }

    /// <summary>
    /// Rows of CSV are worth something one by one, an object that breaks off at a bad row is not: it waits in a temporary file until it has ended, whatever its size.
    /// </summary>
    private static void CopyWhole(Action<Stream> write, Stream output)
    {
        string path = Path.GetTempFileName(); // for its owner's eyes only
        using FileStream whole = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete);
        File.Delete(path); // lives as long as it is open, also where the program is killed
        write(whole);
        whole.Position = 0;
        whole.CopyTo(output);
        output.Flush();
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>A field by RFC 4180: quoted where it holds a comma, a quote or a line break.</summary>
    private static string Field(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
