using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Inspection;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Shards;
using Foreword.Evaluation.Overlap;
using Foreword.IO;
using Foreword.Progress;

namespace Foreword.Cli.Commands;

/// <summary>
/// Implements <c>foreword overlap TRAIN TEST...</c>, which measures how much of the test sets the training text contains (GPT-2 paper,
/// section 4).
/// </summary>
internal static class OverlapCommand
{
    /// <summary>Number of documents shown for each set: those with the largest shares.</summary>
    private const int MostShown = 5;

    private const int BeginningShown = 60;

    public static Command Create(Terminal terminal)
    {
        Argument<string> train = new("TRAIN") { Description = "Training text, a directory of token shards (its training split), or a saved filter." };
        Argument<string[]> test = InputPaths.Argument("Test sets: text, JSON Lines, and other formats; for a directory of token shards, its validation split.", "TEST", ArgumentArity.ZeroOrMore);
        Option<string?> output = new("--out") { Description = "File to save the filter in, for later calls and for evaluate --overlap." };
        Option<string?> documents = new("--documents") { Description = "Write every test document's share to this file, as JSON Lines." };
        Option<double> falsePositives = new("--false-positives") { Description = "Upper bound of the rate of 8-grams that are counted as training text by mistake; a larger bound needs less memory.", DefaultValueFactory = _ => OverlapFilter.PaperFalsePositives };
        DocumentArguments reading = new();
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new Command("overlap", "Measure the share of the test sets' 8-grams that the training text contains.") { train, test, output, documents, falsePositives, json }
            .WithExample("foreword overlap \"books/*.txt\" wiki.test.raw --out books.filter");
        reading.AddTo(command);
        command.SetAction(parsed =>
        {
            string trainPath = parsed.GetValue(train)!;
            DocumentOptions options = reading.Read(parsed);
            string[] tests = parsed.GetValue(test)!;
            double rate = parsed.GetValue(falsePositives);
            if (!(rate is > 0 and < 1))
                throw new UsageException($"--false-positives is {rate.ToString(CultureInfo.InvariantCulture)}; it must be between 0 and 1");
            if (tests.Length == 0 && parsed.GetValue(output) is null)
                throw new UsageException("there is nothing to do: give test sets, or --out to save the filter");
            foreach (string written in new[] { parsed.GetValue(output), parsed.GetValue(documents) }.OfType<string>())
                OutputFile.Check(written, [trainPath, .. tests]);
            (string Name, Func<IEnumerable<TextChunk>> Read)[] sets = [.. tests.Select(path => (path, Text(path, TokenDataset.Validation, options, terminal)))];
            OverlapFilter filter = OverlapFilter.IsFilter(trainPath) ? OverlapFilter.Load(trainPath) : Build(trainPath, rate, options, terminal);
            if (parsed.GetValue(output) is { } filterPath)
                filter.Save(filterPath);
            SetOverlap[] overlaps = Measure(filter, sets, parsed.GetValue(documents));
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => Write(writer, filter, overlaps));
            else
                Print(terminal.Out, filter, overlaps);
            if (parsed.GetValue(output) is { } saved)
                terminal.Say($"filter     {saved}");
            if (parsed.GetValue(documents) is { } measured)
                terminal.Say($"documents  {measured}");
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Returns a function that reads the documents of a path. Reports a wrong path immediately.</summary>
    private static Func<IEnumerable<TextChunk>> Text(string path, string split, DocumentOptions options, Terminal terminal)
    {
        if (!ShardInspection.IsDirectory(path))
        {
            DocumentReader documents = DocumentReader.Open([path], options);
            DocumentArguments.SaySkipped(documents.Skipped, options.TextField, terminal);
            return documents.Read;
        }

        TokenDataset.Open(path, split).Dispose();
        return () => Shards(path, split);
    }

    private static IEnumerable<TextChunk> Shards(string path, string split)
    {
        using TokenDataset data = TokenDataset.Open(path, split);
        foreach (TextChunk chunk in ShardText.Read(data, data.LoadTokenizer()))
            yield return chunk;
    }

    private static OverlapFilter Build(string path, double rate, DocumentOptions options, Terminal terminal)
    {
        Func<IEnumerable<TextChunk>> corpus = Text(path, TokenDataset.Train, options, terminal);
        ProgressDisplay display = new(terminal);
        SynchronousProgress<OverlapProgress> progress = new(report => display.Status(string.Create(CultureInfo.InvariantCulture,
            $"{(report.IsCounting ? "counting" : "filling")}: {report.Documents:N0} documents, {report.Grams:N0} 8-grams")));
        return display.Show(() => OverlapFilter.Create(corpus, path, rate, progress));
    }

    /// <summary>Measures every document. Writes each one to the file immediately, and keeps only sums and the largest shares.</summary>
    private static SetOverlap[] Measure(OverlapFilter filter, IReadOnlyList<(string Name, Func<IEnumerable<TextChunk>> Read)> sets, string? documentsPath)
    {
        if (documentsPath is null)
            return [.. sets.Select(set => SetOverlap.Compute(set.Name, filter.Of(set.Read()), MostShown))];
        SetOverlap[] overlaps = [];
        OutputFile.Write(documentsPath, file => overlaps = [.. sets.Select(set => SetOverlap.Compute(set.Name, filter.Of(set.Read()).Select(document => Written(document, set.Name, file)), MostShown))]);
        return overlaps;
    }

    private static DocumentOverlap Written(DocumentOverlap document, string set, Stream file)
    {
        using (Utf8JsonWriter writer = new(file, ReadableJson.Line))
        {
            writer.WriteStartObject();
            writer.WriteString("set", set);
            Write(writer, document);
            writer.WriteEndObject();
        }

        file.WriteByte((byte)'\n');
        return document;
    }

    private static void Print(TextWriter output, OverlapFilter filter, IReadOnlyList<SetOverlap> sets)
    {
        Line($"training   {filter.Documents:N0} documents, {filter.Grams:N0} 8-grams, {filter.DifferentGrams:N0} different: {filter.Source}");
        Line($"filter     {filter.MemoryBytes / 1e6:N1} MB, false-positive rate {filter.FalsePositiveRate:0.0e0} (bound {filter.FalsePositiveBound:0.0e0})");
        if (sets.Count == 0)
            return;
        output.WriteLine();
        int width = sets.Max(set => set.Name.Length);
        Line($"{"set".PadRight(width)} {"documents",12} {"overlapping",20} {"8-grams",14} {"found",12} {"share",9}");
        foreach (SetOverlap set in sets)
        {
            string overlapping = string.Create(CultureInfo.InvariantCulture, $"{set.Overlapping:N0} ({100 * set.OverlappingShare:F2} %)");
            Line($"{set.Name.PadRight(width)} {set.Documents,12:N0} {overlapping,20} {set.Sum.Grams,14:N0} {set.Sum.Found,12:N0} {100 * set.Sum.Share,7:F2} %");
        }

        foreach (SetOverlap set in sets.Where(set => set.Most.Count > 0))
        {
            output.WriteLine();
            Line($"most overlapping documents of {set.Name}");
            foreach (DocumentOverlap document in set.Most)
                Line($"  {100 * document.Share.Share,6:F2} %  {document.Share.Found,7:N0} of {document.Share.Grams,7:N0}  document {document.Number}: {ShortText.Of(document.Beginning.ReplaceLineEndings(" "), BeginningShown)}");
        }

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static void Write(Utf8JsonWriter writer, OverlapFilter filter, IReadOnlyList<SetOverlap> sets)
    {
        writer.WriteStartObject("training");
        writer.WriteString("source", filter.Source);
        writer.WriteNumber("documents", filter.Documents);
        writer.WriteNumber("grams", filter.Grams);
        writer.WriteNumber("different_grams", filter.DifferentGrams);
        writer.WriteEndObject();
        writer.WriteStartObject("filter");
        writer.WriteNumber("words", OverlapFilter.Words);
        writer.WriteNumber("memory_bytes", filter.MemoryBytes);
        writer.WriteNumber("false_positive_rate", filter.FalsePositiveRate);
        writer.WriteNumber("false_positive_bound", filter.FalsePositiveBound);
        writer.WriteEndObject();
        writer.WriteStartArray("sets");
        foreach (SetOverlap set in sets)
        {
            writer.WriteStartObject();
            writer.WriteString("set", set.Name);
            writer.WriteNumber("documents", set.Documents);
            writer.WriteNumber("overlapping", set.Overlapping);
            writer.WriteNumber("overlapping_share", set.OverlappingShare);
            WriteShare(writer, set.Sum);
            writer.WriteStartArray("most_overlapping");
            foreach (DocumentOverlap document in set.Most)
            {
                writer.WriteStartObject();
                Write(writer, document);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, DocumentOverlap document)
    {
        writer.WriteNumber("document", document.Number);
        WriteShare(writer, document.Share);
        writer.WriteString("beginning", document.Beginning);
    }

    private static void WriteShare(Utf8JsonWriter writer, OverlapShare share)
    {
        writer.WriteNumber("grams", share.Grams);
        writer.WriteNumber("found", share.Found);
        writer.WriteNumber("share", share.Share);
    }
}
