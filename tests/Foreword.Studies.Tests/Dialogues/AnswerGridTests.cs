using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Generation;
using Foreword.Progress;
using Foreword.Studies.Dialogues;
using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Torch;

namespace Foreword.Studies.Tests.Dialogues;

/// <summary>Tests the study of ways to choose an answer.</summary>
public sealed class AnswerGridTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void StatisticsAreThoseOfAllAnswersTogether()
    {
        AnswerStatistics statistics = AnswerStatistics.Of(["I see the sea", "i SEE", "我看海", "I see"]);
        // Words: i see the sea, i see, 我 看 海, i see: 11, of which i see the sea 我 看 海 are different.
        Assert.Equal(7 / 11.0, statistics.Distinct1, 1e-12);
        // Pairs: i-see, see-the, the-sea, i-see, 我-看, 看-海, i-see: 7, of which 5 are different.
        Assert.Equal(5 / 7.0, statistics.Distinct2, 1e-12);
        Assert.Equal(11 / 4.0, statistics.Words, 1e-12);
        Assert.Equal(0.5, statistics.Repeated, 1e-12);
        Assert.Equal(double.NaN, AnswerStatistics.Of(["a"]).Distinct2);
    }

    [Fact]
    public void AQuestionEndsWithTheUsersLastMessageBeforeAnAnswer()
    {
        Dialogue[] dialogues =
        [
            Spoken("Sx", "Ua", "Ab", "Uc", "Ad", "Ue"), Spoken("Ua", "Ab", "Ac"), Spoken("Ua"), Spoken("Aa", "Ab"),
        ];
        OpenQuestion[] questions = [.. OpenQuestion.Of(dialogues, maxHistory: 2)];
        Assert.Equal(["b c > d", "a > b"], questions.Select(question => $"{string.Join(' ', question.History.Select(message => message.Text))} > {question.Answer}"));
    }

    [Fact]
    public void EveryRuleChoosesAmongTheSameCandidates()
    {
        RandomModel.Write(_directory.Path);
        StudiedModel model = StudiedModel.Open([_directory.Path])[0];
        OpenQuestion[] questions = [new([new ChatMessage(ChatRole.User, "the cat")], "sat"), new([new ChatMessage(ChatRole.User, "on a mat")], "sat")];
        int loaded = 0;
        AnswerGrid grid = new(model, ChatTemplate.Plain, model, ChatTemplate.Plain, questions, 4, 0.5, new SamplingOptions { MaxTokens = 6 }, path =>
        {
            loaded++;
            return TextModel.Load(path, new TorchEngine());
        });
        IReadOnlyList<ICellWork> cells = grid.Cells(2);
        Assert.Equal(11, cells.Count); // six rules, and five with the second seed
        Assert.Equal(11, cells.Select(cell => cell.Cell.Fingerprint).Distinct().Count());
        CellContext context = new(_directory.Path, null, null, new StopRequest(), TestContext.Current.CancellationToken);
        Dictionary<string, CellResult> results = cells.ToDictionary(cell => $"{((AnswerCell)cell).Rule} {((AnswerCell)cell).Seed}", cell => cell.Run(context)!);
        Assert.Equal(11 + 2, loaded); // the candidates are written once for each seed
        foreach (int seed in (int[])[0, 1])
        {
            double least = results[$"history {seed}"].Values[AnswerGrid.HistoryPerplexity];
            Assert.All([AnswerGrid.First, AnswerGrid.Likelihood, AnswerGrid.Sequence, AnswerGrid.Interpolated], rule => Assert.True(least <= results[$"{rule} {seed}"].Values[AnswerGrid.HistoryPerplexity] + 1e-9));
        }

        Assert.Equal(1, results["reference 0"].Values[AnswerGrid.Repeated]);
        Assert.Equal(1, results["reference 0"].Values[AnswerGrid.Words]);
        Assert.NotEqual(grid.Write(0, context)[0][0].Text, grid.Write(1, context)[0][0].Text);
    }

    private static Dialogue Spoken(params string[] messages) => new([.. messages.Select(text => new ChatMessage(text[0] switch { 'S' => ChatRole.System, 'U' => ChatRole.User, _ => ChatRole.Assistant }, text[1..]))], "test");
}
