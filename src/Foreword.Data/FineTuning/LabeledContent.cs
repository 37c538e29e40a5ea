using System.Globalization;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Tables;
using Foreword.Tasks;
using Microsoft.Extensions.Logging;

namespace Foreword.Data.FineTuning;

/// <summary>Reads the examples that a recipe names: the parts of a published data set, or those of the user's own tables.</summary>
internal static class LabeledContent
{
    /// <summary>Reads all parts.</summary>
    /// <param name="data">Names a data set or tables.</param>
    /// <param name="task">The task.</param>
    /// <param name="logger">Receives warnings about the tables.</param>
    /// <param name="cancellationToken">Cancels the reading between two rows.</param>
    /// <exception cref="InvalidDataException">A file is missing or malformed. The message names file and row.</exception>
    public static DatasetContent Read(LabeledSection data, FineTuningTask task, ILogger logger, CancellationToken cancellationToken)
    {
        if (data.Dataset is { } name)
            return Published(DatasetCatalog.OfName(name), data, cancellationToken);
        TableOptions options = data.Options() with { Logger = logger };
        return new DatasetContent(
            Part(DatasetPart.Training, data.TrainFiles),
            data.Validation.Count == 0 ? null : Part(DatasetPart.Validating, data.ValidationFiles),
            data.Test.Count == 0 ? [] : [Part(DatasetPart.Test, data.TestFiles)]);

        DatasetPart Part(string name, ExampleFiles files) => new(name, files.Read(files.Columns(task, data.Columns), options, cancellationToken), files.Tables);
    }

    /// <summary>
    /// Returns the columns with their roles that a fine-tuned model expects in other files. For a data set, these are the names of the roles.
    /// </summary>
    public static IReadOnlyList<string> Columns(LabeledSection data, FineTuningTask task, IReadOnlyList<TaskExample> train)
    {
        if (data.Dataset is null)
            return data.TrainFiles.Columns(task, data.Columns).Explicit;
        TaskColumn[] texts = [.. task.Columns.Where(column => !column.IsMany)];
        return
        [
            .. task.Columns.Where(column => column.IsMany || !column.IsOptional || train.Any(example => example.Texts[Array.IndexOf(texts, column)] is not null)).Select(column => $"{column.Role}={column.Role}"),
            $"{TaskDescription.LabelRole}={TaskDescription.LabelRole}",
        ];
    }

    private static DatasetContent Published(Dataset dataset, LabeledSection data, CancellationToken cancellationToken)
    {
        DatasetContent content = dataset.Read(data.DatasetInput with { CancellationToken = cancellationToken });
        List<string> notes = [.. content.Train.Notes];
        if (content.Validation is null)
            notes.Add($"{dataset.Name} has no validation file in {data.Directory}; a share of the training set chooses the best epoch (data.validation_share)");
        foreach (DatasetPart part in content.Parts)
        {
            bool isWhole = part.Name == DatasetPart.Training ? data.Limit is null : part.Name != DatasetPart.Validating || data.Validation.Count == 0;
            if (isWhole && data.MaxExamples is null && dataset.Sizes.TryGetValue(part.Name, out int size) && size != part.Examples.Count)
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"{dataset.Name}: {part.Name} has {part.Examples.Count:N0} examples; the published files have {size:N0}"));
        }

        return content with { Train = content.Train with { Notes = notes } };
    }
}
