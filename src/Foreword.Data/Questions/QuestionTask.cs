using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Sampling;

namespace Foreword.Data.Questions;

/// <summary>A task of a mix, as questions.</summary>
/// <param name="Name">The name.</param>
/// <param name="Metric">What measures it.</param>
/// <param name="Train">The questions to learn from.</param>
/// <param name="Validation">The questions that select the best epoch.</param>
/// <param name="Test">The questions of the test; empty if the data set has none with answers.</param>
/// <param name="Files">The files that were read.</param>
internal sealed record QuestionTask(string Name, AnswerMetric Metric, IReadOnlyList<Question> Train, IReadOnlyList<Question> Validation, IReadOnlyList<Question> Test, IReadOnlyList<string> Files)
{
    private const double HeldOutShare = 0.1;

    /// <summary>Reads the tasks of a mix.</summary>
    /// <param name="mix">The mix, which has no problems.</param>
    /// <param name="directory">The directory of the data sets; empty for the mix's own.</param>
    /// <param name="limit">The maximum number of training questions of a task; null for the mix's own.</param>
    /// <param name="seed">Determines what is held out of a data set without validation questions.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="InvalidDataException">A file is missing or malformed.</exception>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public static IReadOnlyList<QuestionTask> Read(QuestionMix mix, string directory, int? limit, int seed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mix);
        string root = directory.Length > 0 ? directory : mix.Directory;
        int most = limit ?? mix.Limit ?? int.MaxValue;
        List<QuestionTask> tasks = [];
        foreach (QuestionTask task in mix.Sources.Select(Source).Concat(mix.Files.Select(File)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            (IReadOnlyList<Question> train, IReadOnlyList<Question> validation) = ([.. task.Train], task.Validation);
            if (validation.Count == 0)
                (train, validation) = HeldOut.Split([.. train], HeldOutShare, seed);
            QuestionTask read = task with { Train = [.. train.Take(most)], Validation = [.. validation.Take(mix.ValidationLimit)], Test = [.. task.Test.Take(mix.ValidationLimit)] };
            tasks.Add(read.Train.Count > 0 && read.Validation.Count > 0 ? read : throw new InvalidDataException($"{task.Name} has {train.Count + validation.Count} questions; training and validation need at least one each"));
        }

        return tasks;

        QuestionTask Source(string name)
        {
            if (QuestionMix.TextSources.TryGetValue(name, out string? folder))
                return OfTexts(name, Path.Combine(root, folder));
            Dataset dataset = DatasetCatalog.Find(name)!; // the mix was checked
            DatasetContent content = dataset.Read(new DatasetInput(root) { CancellationToken = cancellationToken });
            string[] classes = [.. dataset.Labels.Count > 0 ? Enumerable.Empty<string>() : content.Train.Examples.Select(example => example.Label!).Distinct().Order(StringComparer.Ordinal)];
            return new QuestionTask(name, LabeledQuestions.MetricOf(dataset), Asked(content.Train), Asked(content.Validation), Asked(content.Tests.FirstOrDefault(part => part.IsLabeled)), [.. content.Parts.SelectMany(part => part.Files).Distinct()]);

            IReadOnlyList<Question> Asked(DatasetPart? part) => [.. (part?.Examples ?? []).Select(example => LabeledQuestions.Of(dataset, example, classes))];
        }

        QuestionTask File(KeyValuePair<string, string> named)
        {
            string folder = Path.Combine(root, named.Value);
            AnswerMetric metric = mix.Metrics.TryGetValue(named.Key, out string? given) ? AnswerMetrics.OfName(given) : AnswerMetrics.OfTask(named.Key);
            string train = Path.Combine(folder, "train.jsonl");
            string? validation = Existing("val.jsonl", "validation.jsonl", "dev.jsonl"), test = Existing("test.jsonl");
            return new QuestionTask(named.Key, metric, [.. QuestionFiles.DecaNlp(train)], Questions(validation), Questions(test), [.. new[] { train, validation, test }.OfType<string>()]);

            string? Existing(params string[] names) => names.Select(name => Path.Combine(folder, name)).FirstOrDefault(System.IO.File.Exists);

            IReadOnlyList<Question> Questions(string? path) => path is null ? [] : [.. QuestionFiles.DecaNlp(path)];
        }
    }

    private static QuestionTask OfTexts(string name, string folder)
    {
        if (!name.Equals("scitldr", StringComparison.OrdinalIgnoreCase))
        {
            IReadOnlyList<string> files = DatasetFiles.Matching(Existing(folder), ["*.tsv"]);
            if (files.Count == 0)
                throw new InvalidDataException($"{folder} holds no table of translations (*.tsv)");
            (List<Question> train, List<Question> validation, List<Question> test) = QuestionFiles.Translations(files, toEnglish: name.EndsWith("-en", StringComparison.OrdinalIgnoreCase));
            return new QuestionTask(name, AnswerMetric.Bleu, train, validation, test, files);
        }

        string[] parts = [.. new[] { "train.jsonl", "dev.jsonl", "test.jsonl" }.Select(part => Path.Combine(Existing(folder), part))];
        return new QuestionTask(name, AnswerMetric.Rouge, Summaries(parts[0]), Summaries(parts[1]), Summaries(parts[2]), [.. parts.Where(System.IO.File.Exists)]);

        IReadOnlyList<Question> Summaries(string path) => System.IO.File.Exists(path) ? [.. QuestionFiles.Summaries(path)] : [];
    }

    private static string Existing(string folder) => Directory.Exists(folder) ? folder : throw new DirectoryNotFoundException($"there is no folder {folder}");
}
