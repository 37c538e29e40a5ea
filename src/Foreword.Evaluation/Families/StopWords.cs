namespace Foreword.Evaluation.Families;

/// <summary>
/// The English function words, for LAMBADA's filter. LAMBADA's targets are seldom one of them. The GPT-2 paper (section 3.3) found that most of the
/// model's errors are valid continuations that do not end the sentence. This list is our own, because the paper's list is unpublished.
/// </summary>
internal static class StopWords
{
    /// <summary>Gets pronouns, articles, prepositions, conjunctions, auxiliaries and similar words, in lower case.</summary>
    public static IReadOnlySet<string> English { get; } = new HashSet<string>((
        "a about above after again against all almost along already also although always am among an and another any anyone anything are aren around as at away " +
        "be became because been before behind being below beside between both but by can cannot could couldn did didn do does doesn doing don done down during each " +
        "either else enough even ever every everyone everything few for from further get had hadn has hasn have haven having he her here hers herself him himself his how " +
        "however i if in inside into is isn it its itself just least less like ll many may maybe me might mine more most much must my myself near neither never no nobody " +
        "none nor not nothing now of off often on once one only onto or other others our ours ourselves out outside over own perhaps quite rather re really s same shall she " +
        "should shouldn since so some someone something somewhere soon still such t than that the their theirs them themselves then there these they this those though " +
        "through throughout till to together too toward towards under until up upon us ve very was wasn we were weren what whatever when whenever where wherever whether which " +
        "while who whole whom whose why will with within without won would wouldn yet you your yours yourself yourselves").Split(' '), StringComparer.Ordinal);
}
