using Foreword.IO;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Classification;

/// <summary>
/// Reads the Large Movie Review Dataset: one file for each review, in a folder for its class. The classes take turns, so that the first reviews have both.
/// Reviews without a class (unsup) are not read.
/// </summary>
internal static class ImdbSet
{
    private static readonly (string Folder, string Name)[] Classes = [("neg", "negative"), ("pos", "positive")];

    public static Dataset Dataset { get; } = new PublishedDataset("imdb", "sentiment of film reviews, 2 classes", "Maas et al. 2011", "train/neg/*.txt, train/pos/*.txt, test/neg/*.txt, test/pos/*.txt with one review each")
    {
        Kind = "classification",
        OtherFolders = ["imdb", "aclImdb"],
        Names = [.. Classes.Select(one => one.Name)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 25_000, [DatasetPart.Test] = 25_000 },
        Content = parts =>
        {
            string[] train = InTurn([.. Classes.Select(one => parts.Files.Required($"train/{one.Folder}/*.txt"))]), test = InTurn([.. Classes.Select(one => parts.Files.Optional($"test/{one.Folder}/*.txt"))]);
            return new DatasetContent(
                parts.Part(DatasetPart.Training, train, Rows), parts.Validation(Rows), test.Length == 0 ? [] : [parts.Part(DatasetPart.Test, test, Rows)]);
        },
    };

    private static string[] InTurn(IReadOnlyList<string>[] classes) =>
        [.. Enumerable.Range(0, classes.Max(files => files.Count)).SelectMany(i => classes.Where(files => i < files.Count).Select(files => files[i]))];

    private static IEnumerable<DatasetRow> Rows(string file)
    {
        string folder = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file)))!;
        string label = Classes.FirstOrDefault(one => one.Folder == folder).Name ?? throw new InvalidDataException($"{file}: the folder is '{folder}'; expected {string.Join(" or ", Classes.Select(one => one.Folder))}");
        return [new DatasetRow(file, new TaskExample([StrictText.Read(file).Trim()], [], label, file))];
    }
}
