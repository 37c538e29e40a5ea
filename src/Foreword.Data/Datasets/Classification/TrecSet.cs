using System.Text;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Classification;

/// <summary>
/// Reads the question classes of TREC. A line has the coarse class, a colon, the fine class, a space and the question. The files are in Latin-1.
/// </summary>
internal static class TrecSet
{
    private static readonly string[] Coarse = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"];

    public static Dataset CoarseClasses { get; } = Create("trec", "what a question asks for, 6 classes", isFine: false);

    public static Dataset FineClasses { get; } = Create("trec-fine", "what a question asks for, 50 classes", isFine: true);

    private static PublishedDataset Create(string name, string title, bool isFine) => new(name, title, "Li and Roth 2002", "train_5500.label, TREC_10.label with lines such as 'DESC:manner How did serfdom develop ?'")
    {
        Kind = "classification",
        OtherFolders = ["trec"],
        Names = isFine ? [] : Coarse,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 5452, [DatasetPart.Test] = 500 },
        Content = parts => new DatasetContent(parts.Train(file => Rows(file, isFine), "train_5500.label", "train_5500.label.txt"), parts.Validation(file => Rows(file, isFine)), parts.Test(file => Rows(file, isFine), "TREC_10.label", "TREC_10.label.txt")),
    };

    private static IEnumerable<DatasetRow> Rows(string file, bool isFine)
    {
        int number = 0;
        foreach (string line in File.ReadLines(file, Encoding.Latin1))
        {
            string where = $"{file}:{++number}";
            int colon = line.IndexOf(':', StringComparison.Ordinal), space = line.IndexOf(' ', StringComparison.Ordinal);
            if (colon < 0 || space < colon || Array.IndexOf(Coarse, line[..colon]) < 0)
                throw new InvalidDataException($"{where}: the line begins with '{line[..Math.Min(30, line.Length)]}'; expected a class such as DESC:manner, a space and a question");
            yield return new DatasetRow(where, new TaskExample([line[space..].Trim()], [], isFine ? line[..space] : line[..colon], where));
        }
    }
}
